"""Verdicts about sources and Kustomizations, from statuses as the controllers write them."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.flux.status import Revision
from gitops_action.core.flux.verdict import (
    Asked,
    FluxStep,
    FluxVerdict,
    Relation,
    Seen,
    evaluate_kustomization,
    evaluate_source,
)
from tests.support.flux_status import (
    COMMIT,
    NEWER,
    OLDER,
    OTHER,
    STAMP,
    Json,
    condition,
    git_source,
    kustomization,
    revision,
)

ASKED = Asked(stamp=STAMP)
RELATIONS = {COMMIT: Relation.HAS, NEWER: Relation.HAS, OLDER: Relation.OLDER}


def relate(found: Revision) -> Relation:
    return RELATIONS.get(found.digest, Relation.DIVERGED)


def of_source(body: Json, asked: Asked = ASKED) -> FluxVerdict:
    return evaluate_source(body, relate, asked)


def of_kustomization(body: Json, asked: Asked = ASKED, before: str = "") -> FluxVerdict:
    seen = Seen(body=body, source=git_source(), asked=asked, before=before)
    return evaluate_kustomization(seen, relate)


def fetching(message: str, reason: str = "GitOperationFailed") -> Json:
    return condition("FetchFailed", "True", reason, message)


def not_ready(reason: str, message: str = "", **more: object) -> Json:
    return condition("Ready", "False", reason, message, **more)


@pytest.mark.parametrize("held", [COMMIT, NEWER])
def test_a_source_that_holds_the_commit_is_through_whatever_else_it_says(held: str) -> None:
    body = git_source(held, fetching("authentication required"), suspend=True)
    verdict = of_source(body)
    assert verdict.step is FluxStep.DONE
    assert verdict.revision is not None
    assert verdict.revision.digest == held


@pytest.mark.parametrize(
    ("body", "step", "words"),
    [
        (git_source(OLDER), FluxStep.WAITING, "is out of date: it has main@cccccccccccc"),
        (git_source(OTHER), FluxStep.FAILED, "force-pushed"),
        (git_source(""), FluxStep.WAITING, "has fetched nothing yet"),
        (git_source(OLDER, handled="before"), FluxStep.WAITING, "was asked and has not answered"),
        (git_source(OLDER, suspend=True), FluxStep.FAILED, "is suspended"),
        (
            git_source(OLDER, condition("Stalled", "True", "InvalidURL", "no such scheme")),
            FluxStep.FAILED,
            "is stalled: no such scheme",
        ),
        (
            git_source(OLDER, condition("SourceVerified", "False", "InvalidCommitSignature", "no")),
            FluxStep.FAILED,
            "could not verify the signature",
        ),
        (
            git_source(OLDER, condition("StorageOperationFailed", "True", "x", "no space left")),
            FluxStep.WAITING,
            "could not store it: no space left",
        ),
    ],
)
def test_a_source_without_the_commit(body: Json, step: FluxStep, words: str) -> None:
    verdict = of_source(body)
    assert verdict.step is step
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("failed to checkout: authentication required: Unauthorized", "authentication"),
        ("ssh: handshake failed: ssh: unable to authenticate, no methods remain", "authentication"),
        ("remote: Repository not found.", "authentication"),
        ("failed to get secret 'x': secrets \"x\" not found", "authentication"),
        ("unexpected client error: status code: 403", "authentication"),
        ('couldn\'t find remote ref "refs/heads/gone"', "reference"),
        ("unable to clone: reference not found", "reference"),
        ("x509: certificate signed by unknown authority", "TLS or host key"),
        ("tls: first record does not look like a TLS handshake", "TLS or host key"),
        ("ssh: handshake failed: knownhosts: key mismatch", "TLS or host key"),
        ("dial tcp 10.0.0.1:443: connect: connection refused", ""),
        ("context deadline exceeded", ""),
    ],
)
def test_why_it_could_not_be_fetched(message: str, cause: str) -> None:
    verdict = of_source(git_source(OLDER, fetching(message)))
    assert verdict.step is (FluxStep.FAILED if cause else FluxStep.WAITING)
    assert message in verdict.sentence
    assert f"({cause})" in verdict.sentence or not cause
    assert verdict.innocent is not bool(cause)


def test_a_failure_of_before_it_was_asked_says_nothing() -> None:
    body = git_source(OLDER, fetching("authentication required"), handled="before")
    assert of_source(body).step is FluxStep.WAITING
    assert of_source(body, Asked(changed=False)).step is FluxStep.WAITING
    assert of_source(body, Asked(changed=True)).step is FluxStep.FAILED


def test_a_source_without_a_request_waits_for_its_interval() -> None:
    assert "by its interval" in of_source(git_source(OLDER), Asked()).sentence


READY = condition("Ready", "True", "ReconciliationSucceeded")


@pytest.mark.parametrize("applied", [COMMIT, NEWER])
def test_a_kustomization_that_runs_the_commit_or_a_newer_one(applied: str) -> None:
    body = kustomization(READY, applied=applied, attempted=applied, handled="before")
    verdict = of_kustomization(body)
    assert verdict.step is FluxStep.DONE
    assert verdict.revision is not None
    assert verdict.revision.digest == applied


@pytest.mark.parametrize(
    "body",
    [
        kustomization(READY, applied=OLDER, attempted=OLDER),
        kustomization(READY, applied=OTHER, attempted=OTHER),
        kustomization(READY, applied=COMMIT, attempted=COMMIT, observed=0),
        kustomization(READY, applied=COMMIT, attempted=COMMIT, observed=-1),
        kustomization(condition("Ready", "Unknown", "Progressing"), attempted=COMMIT),
        kustomization(not_ready("DependencyNotReady", "dependency 'a/b' is not ready")),
        kustomization(not_ready("HealthCheckCanceled", "New reconciliation"), attempted=COMMIT),
        kustomization(not_ready("ArtifactFailed", "Source artifact not found")),
        kustomization(
            not_ready("HealthCheckFailed", "health check failed after 5s: context canceled"),
            attempted=COMMIT,
        ),
        kustomization(not_ready("BuildFailed", "no"), attempted=OLDER),
        kustomization(
            not_ready("ReconciliationFailed", "failed calling webhook: connection refused"),
            attempted=COMMIT,
        ),
        kustomization(not_ready("BuildFailed", "no", observedGeneration=0), attempted=COMMIT),
        kustomization(),
    ],
)
def test_a_kustomization_that_is_on_the_way(body: Json) -> None:
    assert of_kustomization(body).step is FluxStep.WAITING


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("BuildFailed", "could not build"),
        ("ReconciliationFailed", "could not apply"),
        ("PruneFailed", "could not delete"),
        ("HealthCheckFailed", "did not become healthy"),
        ("SomethingNew", "failed (SomethingNew)"),
    ],
)
def test_a_failure_of_this_attempt_is_certain(reason: str, words: str) -> None:
    body = kustomization(not_ready(reason, "because"), attempted=COMMIT)
    verdict = of_kustomization(body)
    assert verdict.step is FluxStep.FAILED
    assert words in verdict.sentence
    assert "because" in verdict.sentence
    assert verdict.unhealthy is (reason == "HealthCheckFailed")


def test_a_path_that_is_not_there_is_certain_although_nothing_was_tried() -> None:
    body = kustomization(not_ready("ArtifactFailed", "kustomization path not found: stat x"))
    assert of_kustomization(body).step is FluxStep.FAILED


def test_a_failure_that_was_there_before_is_none() -> None:
    body = kustomization(not_ready("BuildFailed", "no"), attempted=COMMIT, handled="before")
    since = "2026-01-01T00:00:00Z"
    assert of_kustomization(body, before=since).step is FluxStep.WAITING
    assert of_kustomization(body, Asked(changed=True), before=since).step is FluxStep.WAITING
    assert of_kustomization(body, Asked(changed=True), before="earlier").step is FluxStep.FAILED


def test_suspended_and_stalled_are_errors_at_once() -> None:
    assert "is suspended" in of_kustomization(kustomization(READY, suspend=True)).sentence
    stalled = condition("Stalled", "True", "InvalidCELExpression", "no such field")
    verdict = of_kustomization(kustomization(stalled))
    assert verdict.step is FluxStep.FAILED
    assert "no such field" in verdict.sentence
    old = {**stalled, "observedGeneration": 0}
    assert of_kustomization(kustomization(old)).step is FluxStep.WAITING


@pytest.mark.parametrize(
    ("named", "step"), [(COMMIT, FluxStep.CHECKING), (OLDER, FluxStep.WAITING)]
)
def test_health_is_looked_at_once_this_revision_is_applied(named: str, step: FluxStep) -> None:
    message = f"Running health checks for revision {revision(named)} with a timeout of 5m0s"
    body = kustomization(
        condition("Ready", "Unknown", "Progressing"),
        condition("Healthy", "Unknown", "Progressing", message),
        attempted=COMMIT,
    )
    assert of_kustomization(body).step is step


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "has not come to the commit"),
        ({"handled": "before"}, "was asked and has not answered"),
        ({"attempted": OLDER}, "it has tried main@cccccccccccc"),
        ({"attempted": COMMIT}, "applies main@aaaaaaaaaaaa"),
    ],
)
def test_what_is_said_on_the_way(more: dict[str, Any], words: str) -> None:
    assert words in of_kustomization(kustomization(**more)).sentence
