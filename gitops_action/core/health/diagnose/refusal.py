"""Pods that the API refuses to make: quota, admission, a service account that is not there."""

from __future__ import annotations

from datetime import datetime

from gitops_action.core.health.conditions import condition, moment
from gitops_action.core.health.diagnose.containers import shortened
from gitops_action.core.health.diagnose.events import warnings_of
from gitops_action.core.health.diagnose.model import Finding, Surroundings, Tolerance
from gitops_action.core.health.diagnose.revision import new_replica_set
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

_NEVER_HEALS = ("violates PodSecurity", "is invalid:", "Invalid value")


def refusal(
    workload: Body, around: Surroundings, now: datetime, tolerance: Tolerance
) -> Finding | None:
    """The refusal as its newest ReplicaSet has it, else as the newest event tells it."""
    chosen = new_replica_set(workload, around.replica_sets)
    for body in (chosen, workload):
        found = condition(body, "ReplicaFailure") if body else {}
        if text(found, "status") == "True":
            since = text(found, "lastTransitionTime")
            return _finding(workload, text(found, "message"), _late(since, now, tolerance))
    return _from_events(workload, around, now, tolerance)


def _from_events(
    workload: Body, around: Surroundings, now: datetime, tolerance: Tolerance
) -> Finding | None:
    """StatefulSet, DaemonSet and Job say it in events alone."""
    name = text(workload, "metadata", "name")
    uid = text(workload, "metadata", "uid")
    for event in reversed(warnings_of((name,), around.events)):
        about = text(event, "involvedObject", "uid") or text(event, "regarding", "uid")
        if event.get("reason") == "FailedCreate" and about in {uid, ""}:
            first = text(event, "firstTimestamp") or text(event, "eventTime")
            return _finding(workload, text(event, "message"), _late(first, now, tolerance))
    return None


def _finding(workload: Body, message: str, late: bool) -> Finding:  # noqa: FBT001 - one of its parts
    kind, name = text(workload, "kind"), text(workload, "metadata", "name")
    quota = "exceeded quota" in message
    never = any(words in message for words in _NEVER_HEALS)
    return Finding(
        reason="QuotaExceeded" if quota else "FailedCreate",
        sentence=f"{kind} {name} cannot make its pods: {shortened(message)}.",
        certain=never or late,
    )


def _late(since: str, now: datetime, tolerance: Tolerance) -> bool:
    found = moment(since)
    return found is not None and now - found > tolerance.refusal
