"""Results, what is pending, autoscaled workloads, masked logs."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.deploy.objects import scaled_targets, without_replicas
from gitops_action.core.deploy.pending import Ancestry, Described, Recorded, Step, decide_pending
from gitops_action.core.deploy.result import (
    Action,
    EnvironmentResult,
    Failure,
    ObjectResult,
    Result,
    TargetResult,
    combined,
    result_of,
)
from gitops_action.core.health import Health, Status
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.redaction.known import Redactor, masked_lines

WEB = ObjectId(group="apps", kind="Deployment", namespace="shop", name="web")
GOOD, BAD, UNTOLD = Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ((), Result.NOTHING),
        ((GOOD, GOOD), GOOD),
        ((GOOD, Result.NOTHING), GOOD),
        ((GOOD, UNTOLD), UNTOLD),
        ((UNTOLD, BAD, GOOD), BAD),
        ((GOOD, Result.SUPERSEDED), Result.SUPERSEDED),
    ],
)
def test_several_targets(results: tuple[Result, ...], expected: Result) -> None:
    assert combined(results) is expected


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        (Status.CURRENT, Action.CREATED, GOOD),
        (None, Action.PRUNED, GOOD),
        (Status.FAILED, Action.CONFIGURED, BAD),
        (None, Action.FAILED, BAD),
        (Status.IN_PROGRESS, Action.CREATED, UNTOLD),
        (Status.UNKNOWN, Action.UNCHANGED, UNTOLD),
    ],
)
def test_a_target_by_its_objects(status: Status | None, action: Action, expected: Result) -> None:
    health = Health(status=status) if status else None
    assert result_of((ObjectResult(id=WEB, action=action, health=health),), ()) is expected
    assert result_of((), (Failure(sentence="No."),)) is BAD


def test_json_for_outputs() -> None:
    item = ObjectResult(
        id=WEB, action=Action.CREATED, health=Health(status=Status.CURRENT), seconds=1.26
    )
    failure = Failure(sentence="It crashed.", object_id=WEB, log=("boom",))
    target = TargetResult(target="eu", result=BAD, objects=(item,), failures=(failure,))
    found = EnvironmentResult(environment="production", commit="c", targets=(target,))
    assert found.result is BAD
    assert target.counts[Action.CREATED] == 1
    assert found.objects_json() == [
        {
            "target": "eu",
            "id": "shop_web_apps_Deployment",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "web",
            "action": "created",
            "health": "Current",
            "seconds": 1.3,
        }
    ]
    assert found.failures_json() == [
        {
            "target": "eu",
            "object": "shop_web_apps_Deployment",
            "message": "It crashed.",
            "log": ["boom"],
        }
    ]


def described(
    name: str, *, before: str | None = "old", result: Result = GOOD, **more: Any
) -> Described:
    last = None if before is None else Recorded(commit="1" * 40, hash=before, result=result)
    return Described(environment=name, hash="new", recorded=last, **more)


@pytest.mark.parametrize(
    ("item", "step"),
    [
        (described("x", before=None), Step.DEPLOY),
        (described("x"), Step.DEPLOY),
        (described("x", before="new"), Step.SKIP),
        (described("x", before="new", result=Result.NOTHING), Step.SKIP),
        (described("x", before="new", result=BAD), Step.SKIP),
        (described("x", before="new", result=UNTOLD), Step.DEPLOY),
        (described("x", before="new", result=Result.SUPERSEDED), Step.DEPLOY),
        (described("x", result=BAD), Step.DEPLOY),
        (described("x", deployable=False), Step.SKIP),
        (described("x", ancestry=Ancestry.BEHIND), Step.REFUSE),
        (described("x", ancestry=Ancestry.DIVERGED), Step.DEPLOY),
        (described("x", ancestry=Ancestry.AHEAD), Step.DEPLOY),
    ],
)
def test_what_is_pending(item: Described, step: Step) -> None:
    (found,) = decide_pending([item])
    assert found.step is step
    assert found.reason


def test_only_a_rollback_goes_back() -> None:
    (found,) = decide_pending([described("x", ancestry=Ancestry.BEHIND)], rollback=True)
    assert found.step is Step.DEPLOY


def steps(*items: Described) -> list[Step]:
    return [found.step for found in decide_pending(items)]


def test_an_environment_waits_for_those_before_it() -> None:
    production = described("production", after=("qa",))
    qa = described("qa", before="new", after=("staging",))
    staging = described("staging")
    assert steps(production, qa, staging) == [Step.WAIT, Step.SKIP, Step.DEPLOY]
    done = described("staging", before="new")
    assert steps(production, qa, done) == [Step.DEPLOY, Step.SKIP, Step.SKIP]
    failed = described("staging", before="new", result=BAD)
    assert steps(production, qa, failed) == [Step.DEPLOY, Step.SKIP, Step.SKIP]
    assert steps(described("a", after=("b",)), described("b", after=("a",))) == [Step.WAIT] * 2


def scaler(kind: str, api: str, /, **reference: str) -> dict[str, Any]:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "s", "namespace": "shop"},
        "spec": {"scaleTargetRef": reference},
    }


@pytest.mark.parametrize(
    ("body", "dropped"),
    [
        (
            scaler(
                "HorizontalPodAutoscaler",
                "autoscaling/v2",
                apiVersion="apps/v1",
                kind="Deployment",
                name="web",
            ),
            True,
        ),
        (scaler("ScaledObject", "keda.sh/v1alpha1", name="web"), True),
        (
            scaler("HorizontalPodAutoscaler", "autoscaling/v2", kind="StatefulSet", name="web"),
            False,
        ),
        (scaler("HorizontalPodAutoscaler", "autoscaling/v2", kind="Deployment", name="x"), False),
        (scaler("Other", "acme.dev/v1", kind="Deployment", name="web"), False),
        (scaler("HorizontalPodAutoscaler", "autoscaling/v2"), False),
    ],
)
def test_replicas_are_the_autoscalers(body: dict[str, Any], dropped: bool) -> None:
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "paused": False},
    }
    found = without_replicas(web, scaled_targets([body]))
    assert found["spec"] == ({"paused": False} if dropped else web["spec"])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("listening on :8080", "listening on :8080"),
        ("password=hunter22 user=bob", "password=*** user=bob"),
        ('{"apiKey": "abc def", "port": 1}', '{"apiKey": ***, "port": 1}'),
        ("postgres://bob:s3cret@db/shop", "postgres://bob:***@db/shop"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer ***"),
        ("got ghp_0123456789abcdefghij0123", "got ***"),
        ("got eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "got ***"),
        ("key AKIAABCDEFGHIJKLMNOP!", "key ***!"),
        ("the known one", "the *** one"),
        ("x" * 600, "x" * 500 + "…"),
    ],
)
def test_secrets_in_a_log(line: str, shown: str) -> None:
    assert masked_lines([line], Redactor(["known"])) == (shown,)


def test_a_private_key_is_left_out() -> None:
    lines = [
        "before",
        "-----BEGIN RSA PRIVATE KEY-----",
        "MIIE",
        "-----END RSA PRIVATE KEY-----",
        "after",
    ]
    assert masked_lines(lines, Redactor()) == ("before", "***", "after")
