"""The verdict about a Kustomization: does the commit run, and if not, what keeps it?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_action.core.flux.facts import (
    Condition,
    applied,
    attempted,
    condition_of,
    handled,
    id_of,
    is_behind,
    said_of,
    suspended,
)
from gitops_action.core.flux.revision import Revision
from gitops_action.core.flux.sources import Asked, suspension
from gitops_action.core.flux.verdict import Relate, Relation, Step, Verdict, failed, waiting
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body

_DEPENDENCY = "DependencyNotReady"
_UNHEALTHY = "HealthCheckFailed"
_PASSING = {"HealthCheckCanceled", "Progressing", "ProgressingWithRetry"}
_PASSES = re.compile(
    r"connection refused|connection reset|deadline exceeded|i/o timeout|no endpoints available"
    r"|too many requests|service unavailable|currently unable|no matches for kind"
    r"|leader changed|try again",
    re.IGNORECASE,
)
"""Words of API servers and webhooks for what may pass by itself; Flux tries again."""
_CUT_OFF = "context canceled"
"""What a controller says that ends in the middle; the next one begins anew."""
_NO_PATH = "path not found"

_FAILURES: dict[str, tuple[str, str]] = {
    "BuildFailed": (
        "could not build the manifests",
        "run `kustomize build` of its path at this commit, and mend what it says",
    ),
    "ReconciliationFailed": (
        "could not apply the manifests",
        "mend the manifest that the message names, or the rights of the Kustomization's account",
    ),
    "PruneFailed": (
        "could not delete what is described no more",
        "see who keeps the object: finalizers, rights of the Kustomization's account",
    ),
    _UNHEALTHY: (
        "applied it, and it did not become healthy",
        "read the reasons of the objects, mend them, or revert the commit",
    ),
    "ArtifactFailed": ("could not read the artifact of its source", "see `spec.sourceRef`"),
}
"""Reasons of kustomize-controller's condition `Ready` (Kustomization API, "Conditions")."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A Kustomization and what it is judged by.

    Attributes:
        body: the object.
        source: its source; empty where it is not there.
        asked: what was asked of its controller.
        before: the time of its condition `Ready` when the wait began.
    """

    body: Body
    source: Body
    asked: Asked
    before: str = ""


def judge_kustomization(seen: Seen, relate: Relate) -> Verdict:
    """Judge a Kustomization whose source holds the commit.

    What it said before it came to the commit, or before it was asked, counts for nothing.
    """
    body = seen.body
    if suspended(body):
        return suspension(body)
    stalled = condition_of(body, "Stalled")
    if stalled.holds and _is_new(stalled, body):
        return failed(said_of(body, "is stalled", stalled), "mend its spec as the message says")
    ready = condition_of(body, "Ready")
    now = applied(body, seen.source)
    if ready.holds and not is_behind(body) and now and relate(now) is Relation.HAS:
        return Verdict(step=Step.DONE, sentence=f"{id_of(body)} runs {now.short}", revision=now)
    tried = attempted(body, seen.source)
    reached = tried is not None and relate(tried) is Relation.HAS
    if ready.status == "False" and _is_new(ready, body) and _is_answer(seen, ready):
        return _refused(seen, ready, tried if reached else None)
    if tried is not None and reached and checks_health(body):
        return Verdict(
            step=Step.CHECKING, sentence=f"{id_of(body)} checks the health of {tried.short}"
        )
    return _on_the_way(seen, tried, reached=reached)


def checks_health(body: Body) -> bool:
    """Whether everything is applied and pruned, and the controller now looks at health."""
    healthy = condition_of(body, "Healthy")
    tried = text(body, "status", "lastAttemptedRevision")
    return healthy.status == "Unknown" and bool(tried) and tried in healthy.message


def _is_new(condition: Condition, body: Body) -> bool:
    """A condition that was written for an older spec says nothing about the newest."""
    newest = number(body, "metadata", "generation")
    return condition.generation is None or condition.generation == newest


def _is_answer(seen: Seen, ready: Condition) -> bool:
    """Whether a failure is of this attempt, not what was there before."""
    if seen.asked.stamp and handled(seen.body) == seen.asked.stamp:
        return True
    return seen.asked.changed and ready.since != seen.before


def _refused(seen: Seen, ready: Condition, tried: Revision | None) -> Verdict:
    """What `Ready: False` means."""
    body = seen.body
    if ready.reason == _DEPENDENCY:
        fix = "see the Kustomization that it depends on"
        return waiting(said_of(body, "waits", ready), fix, innocent=True)
    if ready.reason in _PASSING or _CUT_OFF in ready.message:
        return waiting(said_of(body, "goes on", ready))
    what, fix = _FAILURES.get(ready.reason, (f"failed ({ready.reason})", "see its message"))
    sentence = said_of(body, what, ready)
    late = not seen.asked.stamp or handled(body) == seen.asked.stamp
    if ready.reason == "ArtifactFailed" and _NO_PATH in ready.message and late:
        return failed(sentence, "see `spec.path`: the repository has no such folder")
    if ready.reason == "ArtifactFailed":
        return waiting(sentence, fix, innocent=True)
    return _tried(sentence, fix, ready, tried)


def _tried(sentence: str, fix: str, ready: Condition, tried: Revision | None) -> Verdict:
    if tried is None:
        return waiting(sentence, "it was of an older revision; Flux goes on", innocent=True)
    unhealthy = ready.reason == _UNHEALTHY
    if _PASSES.search(ready.message) and not unhealthy:
        return waiting(sentence, "Flux tries again by itself")
    return Verdict(
        step=Step.FAILED, sentence=sentence, fix=fix, revision=tried, unhealthy=unhealthy
    )


def _on_the_way(seen: Seen, tried: Revision | None, *, reached: bool) -> Verdict:
    body = seen.body
    doing = condition_of(body, "Reconciling")
    if reached and tried is not None:
        return waiting(said_of(body, f"applies {tried.short}", doing))
    unanswered = bool(seen.asked.stamp) and handled(body) != seen.asked.stamp
    if unanswered and doing.holds:
        return waiting(said_of(body, "was asked and goes on", doing), innocent=True)
    if unanswered:
        fix = "see that kustomize-controller runs: `kubectl get deployments -n flux-system`"
        return waiting(f"{id_of(body)} was asked and has not answered", fix, innocent=True)
    at = f": it has tried {tried.short}" if tried else ""
    return waiting(f"{id_of(body)} has not come to the commit{at}", innocent=True)
