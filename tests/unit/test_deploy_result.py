"""Results, what is pending, autoscaled workloads, masked logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.deploy.objects import scaled_targets
from gitops_action.core.deploy.pending import (
    Ancestry,
    Decision,
    DescribedEnvironment,
    NewestRecord,
    PendingStep,
    Range,
    Verified,
    decide_pending,
)
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
GOOD, BAD, UNDETERMINED = Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ((), Result.NOTHING),
        ((GOOD, GOOD), GOOD),
        ((GOOD, Result.NOTHING), GOOD),
        ((GOOD, UNDETERMINED), UNDETERMINED),
        ((UNDETERMINED, BAD, GOOD), BAD),
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
        (Status.IN_PROGRESS, Action.CREATED, UNDETERMINED),
        (Status.UNKNOWN, Action.UNCHANGED, UNDETERMINED),
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


NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def described(
    name: str, *, before: str | None = "old", result: Result = GOOD, **more: Any
) -> DescribedEnvironment:
    recorded = {
        key: more.pop(key) for key in ("retry", "attempts", "ended", "verified") if key in more
    }
    last = None
    if before is not None:
        last = NewestRecord(commit="1" * 40, hash=before, result=result, **recorded)
    return DescribedEnvironment(environment=name, hash="new", recorded=last, **more)


def decided(*items: DescribedEnvironment, changed: bool | None = True) -> tuple[Decision, ...]:
    return decide_pending(items, Range(now=NOW, changed=lambda *_: changed))


def steps(*items: DescribedEnvironment, changed: bool | None = True) -> list[PendingStep]:
    return [found.step for found in decided(*items, changed=changed)]


def minutes(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


@pytest.mark.parametrize(
    ("item", "step"),
    [
        (described("x", before=None), PendingStep.DEPLOY),
        (described("x"), PendingStep.DEPLOY),
        (described("x", before="new"), PendingStep.CHECK),
        (described("x", before="new", applied=False), PendingStep.SKIP),
        (described("x", before="new", result=Result.NOTHING), PendingStep.CHECK),
        (described("x", before="new", result=BAD), PendingStep.SKIP),
        (described("x", before="new", result=UNDETERMINED), PendingStep.DEPLOY),
        (described("x", before="new", result=Result.SUPERSEDED), PendingStep.DEPLOY),
        (described("x", result=BAD), PendingStep.DEPLOY),
        (described("x", deployable=False), PendingStep.SKIP),
        (described("x", ancestry=Ancestry.BEHIND), PendingStep.REFUSE),
        (described("x", ancestry=Ancestry.DIVERGED), PendingStep.DEPLOY),
        (described("x", ancestry=Ancestry.AHEAD), PendingStep.DEPLOY),
    ],
)
def test_what_is_pending(item: DescribedEnvironment, step: PendingStep) -> None:
    (found,) = decided(item)
    assert found.step is step
    assert found.reason


@pytest.mark.parametrize(
    ("attempts", "ago", "step"),
    [
        (1, 4, PendingStep.SKIP),
        (1, 5, PendingStep.DEPLOY),
        (2, 9, PendingStep.SKIP),
        (2, 10, PendingStep.DEPLOY),
        (7, 319, PendingStep.SKIP),
        (7, 320, PendingStep.DEPLOY),
        (8, 359, PendingStep.SKIP),
        (15, 360, PendingStep.DEPLOY),
    ],
)
def test_a_failure_outside_the_content_is_tried_again_ever_more_rarely(
    attempts: int, ago: int, step: PendingStep
) -> None:
    failed = described(
        "x", before="new", result=BAD, retry=True, attempts=attempts, ended=minutes(ago)
    )
    assert steps(failed) == [step]
    assert steps(replace(failed, hash="newer")) == [PendingStep.DEPLOY]


def test_an_environment_follows_those_before_it_in_the_same_run() -> None:
    production = described("production", after=("qa",))
    qa = described("qa", before="new", after=("staging",))
    assert steps(production, qa, described("staging")) == [
        PendingStep.FOLLOW,
        PendingStep.CHECK,
        PendingStep.DEPLOY,
    ]
    changed_too = described("qa", after=("staging",))
    found = decided(production, changed_too, described("staging"))
    assert [one.step for one in found] == [
        PendingStep.FOLLOW,
        PendingStep.FOLLOW,
        PendingStep.DEPLOY,
    ]
    assert found[0].before == ("qa", "staging")
    done = described("staging", before="new")
    assert steps(production, qa, done) == [PendingStep.DEPLOY, PendingStep.CHECK, PendingStep.CHECK]
    assert (
        steps(described("a", after=("b",)), described("b", after=("a",))) == [PendingStep.WAIT] * 2
    )


@pytest.mark.parametrize(
    "staging",
    [
        described("staging", before="new", result=BAD),
        described("staging", before="new", result=BAD, retry=True, ended=minutes(1)),
        described("staging", ancestry=Ancestry.BEHIND),
    ],
)
def test_one_that_did_not_succeed_holds_up_what_comes_after_it(
    staging: DescribedEnvironment,
) -> None:
    production = described("production", after=("staging",))
    assert decided(staging, production)[1].step is PendingStep.WAIT
    assert "staging" in decided(staging, production)[1].reason
    last = described("last", after=("production",))
    assert steps(staging, production, last)[1:] == [PendingStep.WAIT, PendingStep.WAIT]


@pytest.mark.parametrize(
    "staging",
    [
        described("staging", before="new", result=BAD),
        described("staging", before=None),
        described("staging", before="new", result=UNDETERMINED),
        described("staging"),
    ],
)
def test_one_whose_content_did_not_change_does_not_matter(staging: DescribedEnvironment) -> None:
    verified = Verified(commit="2" * 40, hash="old")
    production = described("production", after=("staging",), verified=verified)
    asked: list[tuple[str, str]] = []

    def changed(environment: str, commit: str) -> bool:
        asked.append((environment, commit))
        return False

    found = decide_pending((staging, production), Range(now=NOW, changed=changed))
    assert found[1].step is PendingStep.DEPLOY
    assert asked == [("staging", "2" * 40)]
    assert steps(staging, production, changed=None)[1] is not PendingStep.DEPLOY
    never = described("production", before=None, after=("staging",))
    assert steps(staging, never, changed=False)[1] is not PendingStep.DEPLOY


def test_a_way_back_is_never_held() -> None:
    staging = described("staging", before="new", result=BAD)
    back = described("production", after=("staging",), returns=lambda: "3" * 40)
    found = decided(staging, back)[1]
    assert found.step is PendingStep.DEPLOY
    assert "goes back to 333333333333" in found.reason


def test_an_unknown_result_delays_once() -> None:
    production = described("production", after=("staging",))
    once = described("staging", before="new", result=UNDETERMINED)
    assert steps(once, production) == [PendingStep.DEPLOY, PendingStep.FOLLOW]
    twice = described("staging", before="new", result=UNDETERMINED, attempts=2)
    found = decided(twice, production)
    assert [one.step for one in found] == [PendingStep.DEPLOY, PendingStep.DEPLOY]
    assert "still unknown" in found[1].reason


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
def test_what_an_autoscaler_scales(body: dict[str, Any], dropped: bool) -> None:
    assert (("apps", "Deployment", "shop", "web") in scaled_targets([body])) is dropped


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
