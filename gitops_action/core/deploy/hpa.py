"""A workload that an autoscaler scales: its number of replicas is not ours to set."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.health.conditions import group_of
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body

_SCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): "apps/v1",
    ("keda.sh", "ScaledObject"): "apps/v1",
}
"""Kinds that scale others, with the API version of a target that names none."""

Target = tuple[str, str, str, str]
"""Group, kind, namespace, name of what is scaled."""


def scaled_targets(bodies: Iterable[Body]) -> frozenset[Target]:
    """What the autoscalers among these objects scale; namespaces have to be filled in."""
    found = (_target(body) for body in bodies)
    return frozenset(target for target in found if target)


def without_replicas(body: Body, scaled: frozenset[Target]) -> Body:
    """The object, without `spec.replicas` where an autoscaler decides them.

    Setting them again on every apply would scale down under load (Kubernetes documentation,
    "Migrating Deployments and StatefulSets to horizontal autoscaling").
    """
    metadata = mapping(body, "metadata")
    key = (
        group_of(body),
        text(body, "kind"),
        text(metadata, "namespace"),
        text(metadata, "name"),
    )
    spec = mapping(body, "spec")
    if key not in scaled or "replicas" not in spec:
        return body
    return {**body, "spec": {name: value for name, value in spec.items() if name != "replicas"}}


def _target(body: Body) -> Target | None:
    default = _SCALERS.get((group_of(body), text(body, "kind")))
    reference = mapping(body, "spec", "scaleTargetRef")
    if default is None or not text(reference, "name"):
        return None
    written = {"apiVersion": text(reference, "apiVersion") or default}
    return (
        group_of(written),
        text(reference, "kind") or "Deployment",
        text(body, "metadata", "namespace"),
        text(reference, "name"),
    )
