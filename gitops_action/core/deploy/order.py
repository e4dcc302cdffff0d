"""In which order objects are applied, and in which they are deleted: the reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from itertools import groupby
from typing import TypeVar

from gitops_action.core.manifests.model import ObjectId

Item = TypeVar("Item")


class Stage(IntEnum):
    """The stages; each one needs nothing but what stands in those before it."""

    NAMESPACES = 0
    DEFINITIONS = 1
    CLUSTER = 2
    CLASSES = 3
    SETTINGS = 4
    WORKLOADS = 5
    ADMISSION = 6

    @property
    def awaited(self) -> bool:
        """Whether its objects have to be current before the next stage can start."""
        return self in {Stage.NAMESPACES, Stage.DEFINITIONS}


_SETTINGS = frozenset(
    {
        ("", "ConfigMap"),
        ("", "LimitRange"),
        ("", "PersistentVolumeClaim"),
        ("", "ResourceQuota"),
        ("", "Secret"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    }
)
"""What a pod needs at its start, or what limits it from its start."""

_ADMISSION = frozenset(
    {
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiregistration.k8s.io", "APIService"),
    }
)
"""What makes the API server ask someone who may only be starting."""

_OWN_GROUPS = frozenset(
    {
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "rbac.authorization.k8s.io",
    }
)


def stage_of(object_id: ObjectId) -> Stage:
    """The stage of an object; what is cluster-scoped has no namespace in its id.

    The caller fills in the namespace of namespaced objects that name none.
    """
    key = (object_id.group, object_id.kind)
    if key == ("", "Namespace"):
        return Stage.NAMESPACES
    if key == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return Stage.DEFINITIONS
    if key in _ADMISSION:
        return Stage.ADMISSION
    if key in _SETTINGS:
        return Stage.SETTINGS
    if object_id.namespace:
        return Stage.WORKLOADS
    return Stage.CLASSES if object_id.kind.endswith("Class") else Stage.CLUSTER


def stages(
    items: Iterable[Item], key: Callable[[Item], ObjectId]
) -> tuple[tuple[Stage, tuple[Item, ...]], ...]:
    """The items by stage, in the order to apply them; empty stages are left out."""
    placed = sorted(items, key=lambda item: (stage_of(key(item)), key(item)))
    grouped = groupby(placed, key=lambda item: stage_of(key(item)))
    return tuple((stage, tuple(members)) for stage, members in grouped)


def deletion_order(items: Iterable[Item], key: Callable[[Item], ObjectId]) -> tuple[Item, ...]:
    """The items in the order to delete them: dependents before what they depend on."""
    return tuple(sorted(items, key=lambda item: (-stage_of(key(item)), key(item))))


def deletion_waves(
    items: Iterable[Item], key: Callable[[Item], ObjectId]
) -> tuple[tuple[Item, ...], ...]:
    """The items in the order to delete them; each wave is gone before the next one begins.

    The stages in reverse, and custom objects before all but admission: what has to clean up after
    them may be a workload of the same environment, and is needed until they are gone.
    """
    placed = sorted(items, key=lambda item: (_wave(key(item)), key(item)))
    grouped = groupby(placed, key=lambda item: _wave(key(item)))
    return tuple(tuple(members) for _, members in grouped)


def _wave(object_id: ObjectId) -> tuple[int, int]:
    stage = stage_of(object_id)
    if stage is not Stage.ADMISSION and is_custom(object_id.group):
        return -Stage.WORKLOADS, 0
    return -stage, 1


def is_custom(group: str) -> bool:
    """Whether kinds of this API group come from definitions, not from Kubernetes itself.

    Kubernetes' own groups have no dot, or one word before `.k8s.io`, or are among a few others;
    add-ons have longer ones (`gateway.networking.k8s.io`).
    """
    if "." not in group or group in _OWN_GROUPS:
        return False
    word, _, rest = group.partition(".")
    return not word or rest != "k8s.io"
