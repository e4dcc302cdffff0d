"""kstatus' answer for an object, by its own rules alone (kubernetes-sigs/cli-utils)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_action.core.health import builtin, pods, workloads
from gitops_action.core.health.conditions import group_of
from gitops_action.core.health.generic import generic, ready
from gitops_action.core.health.model import Facts, Health
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

_RULES: Mapping[tuple[str, str], Callable[[Body], Health]] = {
    ("", "ConfigMap"): builtin.always,
    ("", "Secret"): builtin.always,
    ("", "Service"): builtin.service,
    ("", "PersistentVolumeClaim"): builtin.claim,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "CronJob"): builtin.always,
    ("batch", "Job"): pods.job,
    ("policy", "PodDisruptionBudget"): builtin.disruption_budget,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): builtin.definition,
}


def kstatus(body: Body, facts: Facts) -> Health:
    """What kstatus says of an object as it was read, status included."""
    found = generic(body)
    if found:
        return found
    key = (group_of(body), text(body, "kind"))
    if key == ("", "Pod"):
        return pods.pod(body, facts)
    rule = _RULES.get(key, ready)
    return rule(body)
