"""kstatus' answer for an object, by its own rules alone (kubernetes-sigs/cli-utils)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from gitops_action.core.health.model import (
    Facts,
    Health,
    Status,
    condition,
    condition_status,
    count,
    current,
    failed,
    group_of,
    in_progress,
    moment,
    said,
)
from gitops_action.core.manifests.fields import flag, items, number, text, value
from gitops_action.core.manifests.model import Body

# kstatus' rules for the other built-in kinds: claim, service, definition of a kind.


def always(_body: Body) -> Health:
    """There is nothing to wait for."""
    return current("Resource is always ready")


def claim(body: Body) -> Health:
    """A PersistentVolumeClaim is current once it is bound."""
    phase = text(body, "status", "phase") or "unknown"
    if phase != "Bound":
        return in_progress("NotBound", f"PVC is not bound. Phase: {phase}")
    return current("PVC is bound")


def service(body: Body) -> Health:
    """A Service of type LoadBalancer needs a cluster address; the others need nothing."""
    balanced = text(body, "spec", "type") == "LoadBalancer"
    if balanced and not text(body, "spec", "clusterIP"):
        return in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer")
    return current("Service is ready")


def disruption_budget(_body: Body) -> Health:
    """Its controller has seen this generation, which the generic rules have checked."""
    return current("Allowed disruptions have been computed")


def definition(body: Body) -> Health:
    """A CustomResourceDefinition is established, or its names are refused."""
    names = condition(body, "NamesAccepted")
    if text(names, "status") == "False":
        return failed(text(names, "reason"), text(names, "message"))
    established = condition(body, "Established")
    status, reason = text(established, "status"), text(established, "reason")
    if status == "True":
        return current("CRD is established")
    if status == "False" and reason != "Installing":
        return failed(reason, text(established, "message"))
    return in_progress("Installing", "Install in progress")


# kstatus' rules that hold for every kind: deletion, generation, standard conditions, `Ready`.


def generic(body: Body) -> Health | None:
    """What can be determined before looking at the kind; None when it is the kind's rules' turn."""
    return deletion(body) or generation(body) or _standard(body)


def deletion(body: Body) -> Health | None:
    """An object on its way out never becomes current; its finalizers say what it waits for."""
    if not text(body, "metadata", "deletionTimestamp"):
        return None
    found = value(body, "metadata", "finalizers")
    finalizers = [str(name) for name in found] if isinstance(found, list) else []
    waits = f"; waits for the finalizers {', '.join(finalizers)}" if finalizers else ""
    return Health(status=Status.TERMINATING, reason="Terminating", message=f"Being deleted{waits}")


def generation(body: Body) -> Health | None:
    """A status of an earlier generation says nothing about this one."""
    requested = number(body, "metadata", "generation")
    seen = number(body, "status", "observedGeneration")
    if requested is None or seen is None or requested == seen:
        return None
    kind = text(body, "kind")
    return in_progress(
        "LatestGenerationNotObserved",
        f"{kind} generation is {requested}, but its controller has seen {seen}",
    )


def _standard(body: Body) -> Health | None:
    for found in items(body, "status", "conditions"):
        if found.get("status") != "True":
            continue
        reason, message = text(found, "reason"), text(found, "message")
        if found.get("type") == "Reconciling":
            return in_progress(reason, message)
        if found.get("type") == "Stalled":
            return failed(reason, message)
    return None


def ready(body: Body) -> Health:
    """The rule for kinds without rules: the `Ready` condition, or current without one."""
    found = condition(body, "Ready")
    status = text(found, "status")
    if not status:
        return current("Resource is current")
    if status == "True":
        return current("Resource is Ready")
    return in_progress(text(found, "reason") or "NotReady", said(found, "Not ready yet"))


# kstatus' rules for what runs once or by itself: Pod and Job.

SCHEDULE_WINDOW = timedelta(seconds=15)
"""How long kstatus lets a pod be unschedulable before it calls that failed."""


def pod(body: Body, facts: Facts) -> Health:
    """A pod that ran to its end is current for kstatus, whichever end that was."""
    phase = text(body, "status", "phase")
    if phase == "Succeeded":
        return current("Pod has completed successfully")
    if phase == "Failed":
        return current("Pod has completed, but not successfully")
    if phase == "Running":
        return _running(body)
    if phase == "Pending":
        return _pending(body, facts.now)
    return in_progress("PodNotObserved", "Pod phase not available")


def _running(body: Body) -> Health:
    if condition_status(body, "Ready") == "True":
        return current("Pod is Ready")
    looping = [
        text(container, "name")
        for container in items(body, "status", "containerStatuses")
        if text(container, "state", "waiting", "reason") == "CrashLoopBackOff"
    ]
    if looping:
        return failed("ContainerCrashLooping", f"Containers that crash: {', '.join(looping)}")
    return in_progress("PodRunningNotReady", "Pod is running but is not Ready")


def _pending(body: Body, now: datetime) -> Health:
    scheduled = condition(body, "PodScheduled")
    if text(scheduled, "status") != "False" or text(scheduled, "reason") != "Unschedulable":
        return in_progress("PodPending", "Pod is in the Pending phase")
    created = moment(text(body, "metadata", "creationTimestamp"))
    if created is not None and now - created < SCHEDULE_WINDOW:
        return in_progress("PodNotScheduled", "Pod has not been scheduled")
    return failed("PodUnschedulable", text(scheduled, "message") or "Pod could not be scheduled")


def job(body: Body) -> Health:
    """Complete, failed, suspended; started is current for kstatus."""
    ended = job_end(body)
    if ended:
        return ended
    if flag(body, "spec", "suspend") and condition_status(body, "Suspended") == "True":
        return current("Job is suspended")
    if not text(body, "status", "startTime"):
        return in_progress("JobNotStarted", "Job not started")
    return current(f"Job in progress. {_tally(body)}")


def job_end(body: Body) -> Health | None:
    """How a Job ended, or None while it has not."""
    if condition_status(body, "Complete") == "True":
        return current(f"Job completed. {_tally(body)}")
    ended = condition(body, "Failed")
    if text(ended, "status") == "True":
        why = text(ended, "message") or text(ended, "reason")
        return failed("JobFailed", f"Job failed{f': {why}' if why else ''}. {_tally(body)}")
    return None


def _tally(body: Body) -> str:
    parts = ("succeeded", "active", "failed")
    return ", ".join(f"{part}: {count(body, 'status', part)}" for part in parts)


# kstatus' rules for what runs replicas: Deployment, ReplicaSet, StatefulSet, DaemonSet.

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
    requested = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    updated = count(body, "status", "updatedReplicas")
    return (
        _less("LessReplicas", "Replicas", there, requested)
        or _less("LessUpdated", "Updated", updated, requested)
        or _extra(there, requested)
        or _less("LessAvailable", "Available", count(body, "status", "availableReplicas"), updated)
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), requested)
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
    requested = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    labelled = count(body, "status", "fullyLabeledReplicas")
    return (
        _less("LessLabelled", "Labelled", labelled, requested)
        or _less(
            "LessAvailable", "Available", count(body, "status", "availableReplicas"), requested
        )
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), requested)
        or _extra(there, requested)
        or current(f"ReplicaSet is available. Replicas: {there}")
    )


def stateful_set(body: Body) -> Health:
    """Every replica ready and of the new revision, as far as partition and strategy ask."""
    if text(body, "spec", "updateStrategy", "type") == "OnDelete":
        return current("StatefulSet is updated as its pods are deleted (OnDelete)")
    requested = count(body, "spec", "replicas", default=1)
    there = count(body, "status", "replicas")
    return (
        _less("LessReplicas", "Replicas", there, requested)
        or _less("LessReady", "Ready", count(body, "status", "readyReplicas"), requested)
        or _extra(there, requested)
        or _stateful_rollout(body, requested)
        or current(f"All replicas scheduled as expected. Replicas: {there}")
    )


def _stateful_rollout(body: Body, requested: int) -> Health | None:
    partition = number(body, "spec", "updateStrategy", "rollingUpdate", "partition")
    updated = count(body, "status", "updatedReplicas")
    if partition is not None:
        share = max(requested - partition, 0)
        return _less("PartitionRollout", "Updated", updated, share) or current(
            f"Partition rollout complete. Updated: {updated}"
        )
    short = _less("LessCurrent", "Current", count(body, "status", "currentReplicas"), requested)
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
    requested = number(body, "status", "desiredNumberScheduled")
    if requested is None:
        return in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled")
    new = count(body, "status", "updatedNumberScheduled") if updated else requested
    scheduled = count(body, "status", "currentNumberScheduled")
    return (
        _less("LessCurrent", "Current", scheduled, requested)
        or _less("LessUpdated", "Updated", new, requested)
        or _less("LessAvailable", "Available", count(body, "status", "numberAvailable"), requested)
        or _less("LessReady", "Ready", count(body, "status", "numberReady"), requested)
        or current(f"All replicas scheduled as expected. Replicas: {requested}")
    )


def _less(reason: str, label: str, there: int, requested: int) -> Health | None:
    return in_progress(reason, f"{label}: {there}/{requested}") if there < requested else None


def _extra(there: int, requested: int) -> Health | None:
    if there <= requested:
        return None
    return in_progress("ExtraPods", f"Pending termination: {there - requested}")


_RULES: Mapping[tuple[str, str], Callable[[Body], Health]] = {
    ("", "ConfigMap"): always,
    ("", "Secret"): always,
    ("", "Service"): service,
    ("", "PersistentVolumeClaim"): claim,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("apps", "DaemonSet"): daemon_set,
    ("batch", "CronJob"): always,
    ("batch", "Job"): job,
    ("policy", "PodDisruptionBudget"): disruption_budget,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
}


def kstatus(body: Body, facts: Facts) -> Health:
    """What kstatus says of an object as it was read, status included."""
    found = generic(body)
    if found:
        return found
    key = (group_of(body), text(body, "kind"))
    if key == ("", "Pod"):
        return pod(body, facts)
    rule = _RULES.get(key, ready)
    return rule(body)
