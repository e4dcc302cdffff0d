"""Objects without the parts that health does not depend on: thousands of pods are kept at once."""

from __future__ import annotations

from gitops_action.core.manifests.fields import mapping, value
from gitops_action.core.manifests.model import Body

_META = (
    "name",
    "namespace",
    "uid",
    "generation",
    "labels",
    "annotations",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
)
_WHOLE = frozenset({"Kustomization", "GitRepository", "OCIRepository", "Bucket"})
"""Flux's kinds: their managed fields tell who has suspended them."""
_SPEC = {"Pod": ("readinessGates",), "ReplicaSet": ("replicas",)}


def trimmed(kind: str, body: Body) -> Body:
    """The object without managed fields; of pods and ReplicaSets without their templates too."""
    meta = mapping(body, "metadata")
    if kind in _SPEC:
        spec = {key: value(body, "spec", key) for key in _SPEC[kind]}
        kept = {key: meta[key] for key in _META if key in meta}
        return {**body, "metadata": kept, "spec": {k: v for k, v in spec.items() if v is not None}}
    if "managedFields" not in meta or kind in _WHOLE:
        return body
    return {**body, "metadata": {k: v for k, v in meta.items() if k != "managedFields"}}
