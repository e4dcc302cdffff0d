"""What was ours when an inventory was lost: told, never deleted and never taken over.

Label and field manager say that we applied an object once; only the inventory says which UID it
had, and that nobody put it back since. So what is found by them alone is for a person to delete.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.push.home import CONFIG_MAPS
from gitops_action.commands.steps.deploy.push.inventory import STORED_LABEL, InventoryStore
from gitops_action.commands.steps.deploy.push.occupied import deletable_kinds
from gitops_action.commands.steps.deploy.push.threads import for_each
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.errors import AccessDeniedError, ClusterError
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.deploy.desired import INVENTORY_LABEL
from gitops_action.core.deploy.managed import applied_by
from gitops_action.core.inventory import Inventory
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId

_NAMED = 5
_NEVER_DESCRIBED = frozenset({"EndpointSlice", "Event", "Pod", "ReplicaSet"})
"""Kinds that there are many of, hardly ever described: not looked through."""


def lost_sight_of(run: TargetRun, store: InventoryStore, inventory: Inventory) -> tuple[str, ...]:
    """A note about objects that carry our label and manager, where no inventory was found.

    Where one was found it knows them all, and nothing is looked at. What may not be listed stays
    unknown.
    """
    if not store.lost:
        return ()
    own = run.cluster.namespace
    namespaces = sorted({own, *(one.namespace for one in inventory.entries)} - {""})
    elsewhere = _homes(run.cluster, store, namespaces) - {own}
    if elsewhere:
        return (_elsewhere(own, min(elsewhere)),)
    selector = f"{INVENTORY_LABEL}={store.label}"
    kinds = [one for one in deletable_kinds(run.cluster) if one.kind not in _NEVER_DESCRIBED]
    looked = for_each(lambda one: _listed(run.cluster, one, selector, namespaces), kinds)
    live = [item for items in looked for item in items if applied_by(item, run.manager)]
    found = sorted({_id(item) for item in live} - set(inventory.entries))
    return (_note(own, found, selector),) if found else ()


def _homes(cluster: Cluster, store: InventoryStore, namespaces: Iterable[str]) -> set[str]:
    """Namespaces in which the environment keeps an inventory."""
    selector = f"{STORED_LABEL}={store.label}"
    listed = _listed(cluster, CONFIG_MAPS, selector, namespaces)
    return {text(item, "metadata", "namespace") for item in listed}


def _listed(
    cluster: Cluster, kind: Resource, selector: str, namespaces: Iterable[str]
) -> tuple[LiveObject, ...]:
    """Everywhere, or namespace by namespace where that is not allowed."""
    try:
        return cluster.list(kind, labels=selector, metadata=True).items
    except AccessDeniedError:
        places = namespaces if kind.namespaced else ()
    except ClusterError:
        return ()
    return tuple(item for place in places for item in _in(cluster, kind, selector, place))


def _in(cluster: Cluster, kind: Resource, selector: str, place: str) -> tuple[LiveObject, ...]:
    try:
        return cluster.list(kind, namespace=place, labels=selector, metadata=True).items
    except ClusterError:
        return ()


def _id(item: LiveObject) -> ObjectId:
    group = text(item, "apiVersion").rpartition("/")[0]
    return ObjectId(
        group=group,
        kind=text(item, "kind"),
        namespace=text(item, "metadata", "namespace"),
        name=text(item, "metadata", "name"),
    )


def _elsewhere(own: str, other: str) -> str:
    return (
        f"there was no inventory of this environment in the namespace {own}, but there is one in"
        f" {other}: what that one knows is not pruned from here (input kube-namespace)"
    )


def _note(own: str, found: list[ObjectId], selector: str) -> str:
    shown = ", ".join(str(one) for one in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        f"there was no inventory in the namespace {own}, yet {len(found)} objects that are"
        f" described no more carry this environment's label: {shown}{more}. They stay;"
        f" `kubectl get all -A -l {selector}` lists most of them, delete what is not wanted"
    )
