"""Where we ask for more than kstatus does, or for less; docs/health.md lists each with its why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_action.core.answers import parse_json
from gitops_action.core.health import kstatus as workloads
from gitops_action.core.health.conventions import BUILT_IN, convention, no_status
from gitops_action.core.health.known_kinds import apply_known, rule_of
from gitops_action.core.health.kstatus import generic, job_end
from gitops_action.core.health.model import (
    WAIT_FOR_FIRST_CONSUMER,
    Facts,
    Health,
    Status,
    condition,
    condition_status,
    current,
    failed,
    group_of,
    in_progress,
    said,
)
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import flag, items, number, text, value
from gitops_action.core.manifests.model import Body

# Argo CD's Application and Argo Rollouts' Rollout, by what their controllers write.

_ENDED_BADLY = frozenset({"Failed", "Error"})


def application(body: Body) -> Health:
    """Synced and healthy; suspended counts as healthy, degraded as failed."""
    phase = text(body, "status", "operationState", "phase")
    synced = text(body, "status", "sync", "status")
    told = text(body, "status", "health", "status")
    if phase in _ENDED_BADLY:
        message = text(body, "status", "operationState", "message")
        return failed(f"Sync{phase}", message or "The last sync failed")
    if told == "Degraded":
        message = text(body, "status", "health", "message")
        return failed("Degraded", message or "Application is degraded")
    if phase == "Running" or synced != "Synced":
        return in_progress("OutOfSync", f"Application is {synced or 'not compared yet'}")
    if told not in {"Healthy", "Suspended"}:
        return in_progress(told or "NotObserved", f"Application is {told or 'not assessed yet'}")
    return current(f"Application is synced and {told.lower()}")


def rollout(body: Body) -> Health:
    """By its phase, once the controller has seen this generation (it writes that as text)."""
    seen = value(body, "status", "observedGeneration")
    requested = number(body, "metadata", "generation")
    if (
        isinstance(seen, str)
        and seen.isdecimal()
        and requested is not None
        and int(seen) < requested
    ):
        return in_progress(
            "LatestGenerationNotObserved", f"Rollout generation is {requested}, seen is {seen}"
        )
    phase = text(body, "status", "phase")
    message = text(body, "status", "message")
    if phase == "Healthy":
        return current("Rollout is healthy")
    if phase == "Degraded":
        return failed("Degraded", message or "Rollout is degraded")
    if not phase and _available(body):
        return current("Rollout is available")
    return in_progress(phase or "NotObserved", message or f"Rollout is {phase or 'not seen yet'}")


def _available(body: Body) -> bool:
    """Controllers before 1.0 write no phase; their hashes stand in `observedGeneration`."""
    replicas = number(body, "spec", "replicas")
    counts = {number(body, "status", name) for name in ("updatedReplicas", "availableReplicas")}
    available = condition_status(body, "Available") == "True"
    return available and counts == {1 if replicas is None else replicas}


# HorizontalPodAutoscaler: able to scale, and scaling on metrics that it can read.

NEVER_HEALS = frozenset({"InvalidSelector", "AmbiguousSelector", "InvalidMetricSourceType"})
"""Reasons of the autoscaler that only a change of the description fixes."""

V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
"""Where `autoscaling/v1`, whose status has no conditions, holds those of v2, as JSON."""

SWITCHED_OFF = "ScalingDisabled"
"""The target has no replicas, which is how a person switches autoscaling off."""


def autoscaler(body: Body) -> Health:
    """By the conditions AbleToScale and ScalingActive (Kubernetes: pod autoscaling walkthrough).

    A metric that cannot be read yet is in progress: a new target has none in its first minute.
    """
    for name in ("AbleToScale", "ScalingActive"):
        found = condition(_with_conditions(body), name)
        if not found:
            return in_progress("NotObserved", "The autoscaler has not looked yet")
        reason = text(found, "reason")
        if text(found, "status") == "True" or reason == SWITCHED_OFF:
            continue
        tell = failed if reason in NEVER_HEALS else in_progress
        return tell(reason or name, said(found, f"{name} is not true"))
    return current("Autoscaler is active")


def _with_conditions(body: Body) -> Body:
    """The autoscaler with its conditions in the status, in whichever version it was read."""
    written = annotations_of(body).get(V1_CONDITIONS)
    if condition(body, "AbleToScale") or not written:
        return body
    try:
        found = parse_json(written)
    except ValueError:
        return body
    return {"status": {"conditions": found if isinstance(found, list) else []}}


# Flux's kinds, as its controllers write their status (fluxcd.io, component APIs).

_SUFFIX = ".toolkit.fluxcd.io"
_STATIC = frozenset({"Alert", "Provider"})
"""Kinds that no controller writes a status to."""

NOT_LOOKED_AT = -1
"""`observedGeneration` of an object that its controller has not come to."""


def owns(group: str) -> bool:
    """Whether a group of the API is one of Flux's."""
    return group.endswith(_SUFFIX)


def assess(body: Body) -> Health:
    """Suspended, stalled, reconciling, ready; the generic rules have compared generations."""
    if flag(body, "spec", "suspend"):
        return current("Suspended: Flux leaves it alone", "Suspended")
    if text(body, "kind") in _STATIC or _plain_oci(body):
        return current("Resource is always ready")
    seen = number(body, "status", "observedGeneration")
    if seen == NOT_LOOKED_AT or (seen is None and not condition(body, "Ready")):
        return in_progress("NotObserved", "Its controller has not looked yet")
    stalled = condition(body, "Stalled")
    if text(stalled, "status") == "True":
        return failed(text(stalled, "reason"), said(stalled, "Stalled"))
    return _ready(body)


def _plain_oci(body: Body) -> bool:
    """A HelmRepository of type `oci` is only an address."""
    return text(body, "kind") == "HelmRepository" and text(body, "spec", "type") == "oci"


def _ready(body: Body) -> Health:
    found = condition(body, "Ready")
    reconciling = text(condition(body, "Reconciling"), "status") == "True"
    if text(found, "status") == "True" and not reconciling:
        return current("Resource is Ready")
    reason = text(found, "reason") or "NotReady"
    return in_progress(reason, said(found, "Not ready yet"))


Override = Callable[[Body, Facts], Health | None]


def override(body: Body, facts: Facts) -> Health | None:
    """Our own word on an object; None when kstatus' rules hold."""
    group, kind = group_of(body), text(body, "kind")
    rule = _RULES.get((group, kind))
    if rule:
        return rule(body, facts)
    if owns(group):
        return assess(body)
    return _custom(body, facts)


def _pod(body: Body, _facts: Facts) -> Health | None:
    """A pod of the environment itself that failed did not do its work."""
    if text(body, "status", "phase") != "Failed":
        return None
    reason = text(body, "status", "reason") or "PodFailed"
    return failed(reason, text(body, "status", "message") or "Pod ended with a failure")


def _job(body: Body, _facts: Facts) -> Health | None:
    """A Job is done when it is complete, not when it has started."""
    ended = job_end(body)
    if ended or not text(body, "status", "startTime"):
        return ended
    if condition_status(body, "Suspended") == "True" and flag(body, "spec", "suspend"):
        return None
    return in_progress("JobRunning", "Job has started and is not complete")


def _service(body: Body, _facts: Facts) -> Health | None:
    """A load balancer is there once someone can reach it."""
    if text(body, "spec", "type") != "LoadBalancer":
        return None
    if items(body, "status", "loadBalancer", "ingress"):
        return current("Load balancer has an address")
    return in_progress("NoIngress", "Load balancer has no address yet")


def _claim(body: Body, facts: Facts) -> Health | None:
    """A claim whose class waits for the first pod is as far as it gets without one."""
    phase = text(body, "status", "phase")
    if phase == "Lost":
        return failed("ClaimLost", "The volume behind the claim is gone")
    named = value(body, "spec", "storageClassName")
    storage_class = facts.default_storage_class if named is None else str(named)
    mode = facts.binding_modes.get(storage_class, "")
    if phase == "Pending" and mode == WAIT_FOR_FIRST_CONSUMER:
        return current("PVC is bound once a pod uses it", WAIT_FOR_FIRST_CONSUMER)
    return None


def _disruption_budget(body: Body, _facts: Facts) -> Health | None:
    """Its controller has looked and could count the pods."""
    if number(body, "status", "observedGeneration") is None:
        return in_progress("NotObserved", "Allowed disruptions have not been computed yet")
    allowed = condition(body, "DisruptionAllowed")
    if text(allowed, "reason") == "SyncFailed":
        return in_progress("SyncFailed", said(allowed, "Allowed disruptions cannot be computed"))
    return None


def _deployment(body: Body, _facts: Facts) -> Health | None:
    """A refused pod is reported at once; a paused rollout does not go on by itself."""
    health = workloads.deployment(body)
    if health.status is not Status.IN_PROGRESS:
        return health
    refused = condition(body, "ReplicaFailure")
    if text(refused, "status") == "True":
        return in_progress("ReplicaFailure", said(refused, "Pods could not be made"))
    if flag(body, "spec", "paused"):
        return in_progress("DeploymentPaused", "Rollout is paused (spec.paused)")
    return health


def _stateful_set(body: Body, _facts: Facts) -> Health | None:
    """With `minReadySeconds`, ready is not yet available (Kubernetes documentation)."""
    health = workloads.stateful_set(body)
    requested = number(body, "spec", "replicas")
    available = number(body, "status", "availableReplicas") or 0
    short = available < (1 if requested is None else requested)
    on_delete = text(body, "spec", "updateStrategy", "type") == "OnDelete"
    asks = (number(body, "spec", "minReadySeconds") or 0) > 0 and not on_delete
    if health.status is Status.CURRENT and asks and short:
        return in_progress("LessAvailable", f"Available: {available}/{requested or 1}")
    return health


def _daemon_set(body: Body, _facts: Facts) -> Health | None:
    """With OnDelete someone else decides when a pod becomes new."""
    on_delete = text(body, "spec", "updateStrategy", "type") == "OnDelete"
    return workloads.daemon_set(body, updated=not on_delete)


def _api_service(body: Body, _facts: Facts) -> Health | None:
    """An aggregated API is there when it answers."""
    available = condition(body, "Available")
    if text(available, "status") == "True":
        return current("API is available")
    reason = text(available, "reason") or "NotObserved"
    return in_progress(reason, said(available, "API is not available yet"))


def _ingress(body: Body, _facts: Facts) -> Health | None:
    """Current as soon as the API has it: many controllers never write an address."""
    if items(body, "status", "loadBalancer", "ingress"):
        return current("Ingress has an address")
    return current("Ingress is accepted", "NoAddress")


def _namespace(body: Body, _facts: Facts) -> Health | None:
    """A namespace on its way out takes everything in it along."""
    if text(body, "status", "phase") != "Terminating":
        return None
    return Health(
        status=Status.TERMINATING, reason="Terminating", message="Namespace is being deleted"
    )


def _custom(body: Body, facts: Facts) -> Health | None:
    """What is known of the kind, then what holds for all kinds, then what time may bring."""
    group = group_of(body)
    rule = rule_of(group, text(body, "kind"))
    if rule is None and group in BUILT_IN:
        return None  # kstatus' rules hold, and those for all kinds are the first of them
    known = apply_known(rule, body) if rule else None
    if known and known.status is not Status.CURRENT:
        return known
    stated = rule is not None and bool(rule.state or rule.elsewhere)
    usual = generic(body) or convention(body, conditions_only=stated)
    return usual or known or no_status(body, facts)


def _subscription(body: Body, facts: Facts) -> Health | None:
    """An upgrade that waits for a person's approval is described so (OLM: manual approval)."""
    manual = text(body, "spec", "installPlanApproval") == "Manual"
    if manual and text(body, "status", "state") == "UpgradePending":
        return current("An upgrade waits for approval", "UpgradePending")
    return _custom(body, facts)


_RULES: Mapping[tuple[str, str], Override] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("argoproj.io", "Application"): lambda body, _facts: application(body),
    ("argoproj.io", "Rollout"): lambda body, _facts: rollout(body),
    ("autoscaling", "HorizontalPodAutoscaler"): lambda body, _facts: autoscaler(body),
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("operators.coreos.com", "Subscription"): _subscription,
    ("policy", "PodDisruptionBudget"): _disruption_budget,
}
