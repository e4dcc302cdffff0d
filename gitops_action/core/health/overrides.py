"""Where we ask for more than kstatus does, or for less; docs/health.md lists each with its why."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_action.core.health import argo, flux, workloads
from gitops_action.core.health.autoscaling import autoscaler
from gitops_action.core.health.conditions import condition, condition_status, group_of, said
from gitops_action.core.health.conventions import convention, no_status
from gitops_action.core.health.generic import generic
from gitops_action.core.health.known_kinds import apply_known, rule_of
from gitops_action.core.health.model import (
    WAIT_FOR_FIRST_CONSUMER,
    Facts,
    Health,
    Status,
    current,
    failed,
    in_progress,
)
from gitops_action.core.health.pods import job_end
from gitops_action.core.manifests.fields import flag, items, number, text, value
from gitops_action.core.manifests.model import Body

Override = Callable[[Body, Facts], Health | None]


def override(body: Body, facts: Facts) -> Health | None:
    """Our own word on an object; None when kstatus' rules hold."""
    group, kind = group_of(body), text(body, "kind")
    rule = _RULES.get((group, kind))
    if rule:
        return rule(body, facts)
    if flux.owns(group):
        return flux.assess(body)
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
    """A load balancer is there once somebody can reach it."""
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
    """A refused pod is told at once; a paused rollout does not go on by itself."""
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
    wanted = number(body, "spec", "replicas")
    available = number(body, "status", "availableReplicas") or 0
    short = available < (1 if wanted is None else wanted)
    on_delete = text(body, "spec", "updateStrategy", "type") == "OnDelete"
    asks = (number(body, "spec", "minReadySeconds") or 0) > 0 and not on_delete
    if health.status is Status.CURRENT and asks and short:
        return in_progress("LessAvailable", f"Available: {available}/{wanted or 1}")
    return health


def _daemon_set(body: Body, _facts: Facts) -> Health | None:
    """With OnDelete somebody else decides when a pod becomes new."""
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
    rule = rule_of(group_of(body), text(body, "kind"))
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
    ("argoproj.io", "Application"): lambda body, _facts: argo.application(body),
    ("argoproj.io", "Rollout"): lambda body, _facts: argo.rollout(body),
    ("autoscaling", "HorizontalPodAutoscaler"): lambda body, _facts: autoscaler(body),
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("operators.coreos.com", "Subscription"): _subscription,
    ("policy", "PodDisruptionBudget"): _disruption_budget,
}
