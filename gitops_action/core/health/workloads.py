"""kstatus' rules for what runs replicas: Deployment, ReplicaSet, StatefulSet, DaemonSet."""

from __future__ import annotations

from gitops_action.core.health.conditions import condition, condition_status, count
from gitops_action.core.health.model import Health, current, failed, in_progress
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body

NO_DEADLINE = 2**31 - 1
"""The API's way to say that a Deployment has no progress deadline."""


def deployment(body: Body) -> Health:
    """Every replica updated and available, the old ones gone, and the controller content."""
    progressing = condition(body, "Progressing")
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        message = text(progressing, "message") or "Progress deadline exceeded"
        return failed("ProgressDeadlineExceeded", message)
    return _deployment_counts(body) or _deployment_conditions(body)


def _deployment_counts(body: Body) -> Health | None:
    wanted = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    updated = count(body, "status", "updatedReplicas")
    return (
        _less("LessReplicas", "Replicas", there, wanted)
        or _less("LessUpdated", "Updated", updated, wanted)
        or _extra(there, wanted)
        or _less("LessAvailable", "Available", count(body, "status", "availableReplicas"), updated)
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), wanted)
    )


def _deployment_conditions(body: Body) -> Health:
    progressing = condition(body, "Progressing")
    deadline = count(body, "spec", "progressDeadlineSeconds", default=NO_DEADLINE)
    rolled_out = (
        text(progressing, "status") == "True"
        and text(progressing, "reason") == "NewReplicaSetAvailable"
    )
    if deadline != NO_DEADLINE and not rolled_out:
        return in_progress("ReplicaSetNotAvailable", "The new ReplicaSet is not yet available")
    if condition_status(body, "Available") != "True":
        return in_progress("DeploymentNotAvailable", "Fewer replicas are available than required")
    there = count(body, "status", "replicas")
    return current(f"Deployment is available. Replicas: {there}")


def replica_set(body: Body) -> Health:
    """Every replica there, labelled, available and ready."""
    if condition_status(body, "ReplicaFailure") == "True":
        return in_progress("ReplicaFailure", "Pods could not be made or removed")
    wanted = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    labelled = count(body, "status", "fullyLabeledReplicas")
    return (
        _less("LessLabelled", "Labelled", labelled, wanted)
        or _less("LessAvailable", "Available", count(body, "status", "availableReplicas"), wanted)
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), wanted)
        or _extra(there, wanted)
        or current(f"ReplicaSet is available. Replicas: {there}")
    )


def stateful_set(body: Body) -> Health:
    """Every replica ready and of the new revision, as far as partition and strategy ask."""
    if text(body, "spec", "updateStrategy", "type") == "OnDelete":
        return current("StatefulSet is updated as its pods are deleted (OnDelete)")
    wanted = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    return (
        _less("LessReplicas", "Replicas", there, wanted)
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), wanted)
        or _extra(there, wanted)
        or _stateful_rollout(body, wanted)
        or current(f"All replicas scheduled as expected. Replicas: {there}")
    )


def _stateful_rollout(body: Body, wanted: int) -> Health | None:
    partition = number(body, "spec", "updateStrategy", "rollingUpdate", "partition")
    updated = count(body, "status", "updatedReplicas")
    if partition is not None:
        share = max(wanted - partition, 0)
        return _less("PartitionRollout", "Updated", updated, share) or current(
            f"Partition rollout complete. Updated: {updated}"
        )
    short = _less("LessCurrent", "Current", count(body, "status", "currentReplicas"), wanted)
    if short:
        return short
    if text(body, "status", "currentRevision") != text(body, "status", "updateRevision"):
        return in_progress("RevisionMismatch", "Not every pod is of the new revision")
    return None


def daemon_set(body: Body, *, updated: bool = True) -> Health:
    """A ready pod on every node that should have one.

    Args:
        body: the DaemonSet.
        updated: the pods have to be of the new revision as well.
    """
    if number(body, "metadata", "generation") is None:
        return in_progress("NoGeneration", "DaemonSet metadata.generation not found")
    if number(body, "status", "observedGeneration") is None:
        return in_progress("NoObservedGeneration", "DaemonSet status.observedGeneration not found")
    wanted = number(body, "status", "desiredNumberScheduled")
    if wanted is None:
        return in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled")
    new = count(body, "status", "updatedNumberScheduled") if updated else wanted
    scheduled = count(body, "status", "currentNumberScheduled")
    return (
        _less("LessCurrent", "Current", scheduled, wanted)
        or _less("LessUpdated", "Updated", new, wanted)
        or _less("LessAvailable", "Available", count(body, "status", "numberAvailable"), wanted)
        or _less("LessReady", "Ready", count(body, "status", "numberReady"), wanted)
        or current(f"All replicas scheduled as expected. Replicas: {wanted}")
    )


def _less(reason: str, label: str, there: int, wanted: int) -> Health | None:
    return in_progress(reason, f"{label}: {there}/{wanted}") if there < wanted else None


def _extra(there: int, wanted: int) -> Health | None:
    if there <= wanted:
        return None
    return in_progress("ExtraPods", f"Pending termination: {there - wanted}")
