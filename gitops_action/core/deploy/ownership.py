"""Whether a live object is ours to delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from gitops_action.core.deploy.desired import INVENTORY_LABEL
from gitops_action.core.deploy.managed import applied_by
from gitops_action.core.inventory.model import Entry
from gitops_action.core.manifests import fields
from gitops_action.core.manifests.model import Body, ObjectId

PRUNE_ANNOTATION = "gitops-action/prune"
NAMESPACE = ("", "Namespace")
DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
"""What takes along whatever it holds: deleted only when it holds nothing more (group, kind)."""
NEVER = frozenset({("", "Namespace", "default"), ("", "Namespace", "kube-system")})
"""Namespaces that the cluster itself lives in: group, kind, name."""


_UNCONFIRMED = (
    "its UID was never recorded, as the run that applied it was cut off:"
    " delete it yourself if it is not wanted"
)


@dataclass(frozen=True, kw_only=True)
class Keep:
    """An object that stays; with `forget` it leaves the inventory, as it is not ours any more."""

    id: ObjectId
    reason: str
    forget: bool = False


class Owner(Protocol):
    """Who asks, and what is known of namespaces and definitions."""

    @property
    def manager(self) -> str:
        """Our field manager."""
        ...

    @property
    def label(self) -> str:
        """The value of our inventory label."""
        ...

    @property
    def occupied(self) -> Mapping[str, str]:
        """What would take more along than what is deleted anyway, each with an example.

        By name of the namespace, or of the CustomResourceDefinition, which always has a dot.
        """
        ...


def kept_because(entry: Entry, live: Body, owner: Owner) -> Keep | None:
    """Why the object stays; None when it is ours and may go."""
    other = _other_owner(entry, live, owner)
    if other:
        return Keep(id=entry.id, reason=other, forget=True)
    if not entry.uid:
        return Keep(id=entry.id, reason=_UNCONFIRMED)
    if fields.annotations(live).get(PRUNE_ANNOTATION, "").lower() == "disabled":
        reason = f"its annotation {PRUNE_ANNOTATION}: disabled keeps it"
        return Keep(id=entry.id, reason=reason, forget=True)
    return _still_needed(entry.id, owner)


def _other_owner(entry: Entry, live: Body, owner: Owner) -> str:
    uid, label = fields.text(live, "metadata", "uid"), fields.labels(live).get(INVENTORY_LABEL)
    if not uid or (entry.uid and uid != entry.uid):
        return "it was made anew by somebody else (another UID)"
    if label is None:
        return f"it lacks the label {INVENTORY_LABEL}"
    if label != owner.label:
        return f"it belongs to the inventory {label}"
    if not applied_by(live, owner.manager):
        return f"the field manager {owner.manager} owns nothing of it"
    return ""


def _still_needed(item: ObjectId, owner: Owner) -> Keep | None:
    if (item.group, item.kind) not in {NAMESPACE, DEFINITION}:
        return None
    if (item.group, item.kind, item.name) in NEVER:
        return Keep(id=item, reason="the cluster itself lives in it", forget=True)
    held = owner.occupied.get(item.name)
    return Keep(id=item, reason=f"it still holds {held}") if held else None
