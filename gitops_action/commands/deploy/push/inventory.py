"""The inventory of an environment, kept as ConfigMaps in the cluster that it is about.

A head ConfigMap holds it, or names the chunks that do. Chunks are named by their content and
written first, then the head moves to them in one write that only succeeds if nobody else has
written it since it was read: whenever a write is cut off, the old whole is still there.

What someone edited is an error: the head carries a checksum of all entries. An inventory that was
deleted reads as empty. That deletes nothing, now or later: what the environment describes is
recorded again when it is applied, and what it described before stays in the cluster, unknown to us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Self

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.push.contents import deletable_kinds
from gitops_action.commands.deploy.push.live import for_each
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import ApplyOptions, LiveObject, Resource, Right
from gitops_action.core.deploy.field_managers import applied_by
from gitops_action.core.deploy.inventory import (
    Inventory,
    Stored,
    chunk_names,
    decode,
    encode,
    inventory_label,
    record_name,
)
from gitops_action.core.deploy.objects import INVENTORY_LABEL, to_apply
from gitops_action.core.manifests.fields import labels, mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.errors import GitOpsError

# Where an environment keeps what it knows of a cluster: its lease and its inventory.

CONFIG_MAPS = Resource(
    group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True
)
LEASES = Resource(
    group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", namespaced=True
)
_NAMESPACES = Resource(
    group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False
)
_VERBS = {
    CONFIG_MAPS: ("get", "list", "create", "update", "delete"),
    LEASES: ("get", "create", "update"),
}


def label_of(run: TargetRun) -> str:
    """The value of the label `gitops-action/inventory` on everything that the run applies."""
    return label_for(run)(run.environment.name)


def former_labels(run: TargetRun) -> frozenset[str]:
    """The values of that label under the environment's former names."""
    return frozenset(map(label_for(run), run.environment.formerly))


def label_for(run: TargetRun) -> Callable[[str], str]:
    """The label's value for each environment of the repository."""

    def label(environment: str) -> str:
        return inventory_label(
            environment=environment, repository=run.repository, server_url=run.server_url
        )

    return label


def home_rights(namespace: str) -> tuple[Right, ...]:
    """What an account needs for the lease and the inventory, beside what it needs to deploy."""
    return tuple(
        Right(verb=verb, resource=resource, namespace=namespace)
        for resource, verbs in _VERBS.items()
        for verb in verbs
    )


def ensure_home(run: TargetRun) -> LiveObject | None:
    """Create the namespace of lease and inventory where it is missing and described.

    Returns:
        The namespace that was created; None where it was there, or may not be looked at (an
        account that is confined to its namespace: then the namespace exists).

    Raises:
        GitOpsError: it is missing, and the environment does not describe it.
        ClusterError: it could not be created.
    """
    name = run.cluster.namespace
    try:
        run.cluster.get(_NAMESPACES, namespace="", name=name)
    except errors.NotFoundError:
        return _create(run, name)
    except errors.AccessDeniedError:
        return None
    return None


def _create(run: TargetRun, name: str) -> LiveObject:
    described = _described(run, name)
    if described is None:
        raise GitOpsError(
            f"the namespace {name} is not there to keep the inventory and the lease in",
            cause=f"the cluster {run.cluster.name} has none of that name, and the environment"
            f" {run.environment.name} describes none",
            fix=f"describe it in the environment, create it (`kubectl create namespace {name}`),"
            " or name another by the input kube-namespace",
        )
    body = to_apply(described.body, inventory=label_of(run))
    live = run.cluster.apply(body, ApplyOptions(manager=run.manager))
    run.teller.tell(
        Progress(text="created first: lease and inventory live in it", object_id=described.id)
    )
    return live


def _described(run: TargetRun, name: str) -> Manifest | None:
    requested = ObjectId(group="", kind="Namespace", namespace="", name=name)
    return next((one for one in run.rendering.applied if one.id == requested), None)


STORED_LABEL = "gitops-action/stored-inventory"
"""On the ConfigMaps themselves: whose inventory they hold. They are in no inventory."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
_UNDECIDED = (
    errors.AlreadyExistsError,
    errors.ChangedMeanwhileError,
    errors.NotFoundError,
    errors.UnreachableError,
)
"""Answers after which what is there has to be looked at: also our own write, its answer lost."""


class InventoryStore:
    """Reads and writes one inventory; for one thread, while the lease is held.

    Attributes:
        label: the value of the label `gitops-action/inventory` of what is in it.
        name: of the head ConfigMap.
        lost: no inventory was found when it was loaded: the first deployment, or it was deleted.
    """

    def __init__(self, cluster: Cluster, *, environment: str, manager: str, label: str) -> None:
        """Nothing is read yet."""
        self._cluster = cluster
        self.environment = environment
        self._manager = manager
        self._head: LiveObject | None = None
        self._stored: Inventory | None = None
        self._loaded = False
        self.label = label
        self.name = record_name(label)
        self.lost = False

    @classmethod
    def of(cls, run: TargetRun) -> Self:
        """The store of an environment on a cluster."""
        return cls(
            run.cluster,
            environment=run.environment.name,
            manager=run.manager,
            label=label_of(run),
        )

    @classmethod
    def former(cls, run: TargetRun) -> tuple[Self, ...]:
        """The stores of the environment's former names."""
        label = label_for(run)
        return tuple(
            cls(run.cluster, environment=name, manager=run.manager, label=label(name))
            for name in run.environment.formerly
        )

    @property
    def namespace(self) -> str:
        """Where it is kept."""
        return self._cluster.namespace

    def load(self) -> Inventory:
        """What was recorded; empty where nothing was.

        Raises:
            InventoryError: it is damaged or was edited; nothing may be written then.
            ClusterError: it cannot be read.
        """
        head = self._read(self.name)
        self.lost = head is None
        if head is None:
            found = Inventory(environment=self.environment)
        else:
            chunks = {name: self._read(name) for name in chunk_names(head)}
            there = {name: body for name, body in chunks.items() if body is not None}
            found = decode(head, there, environment=self.environment)
        self._head, self._loaded = head, True
        self._stored = found if head is not None else None
        return found

    def save(self, inventory: Inventory) -> None:
        """Record it: chunks, then the head, then chunks of before are removed.

        What is recorded already is not written again.

        Raises:
            ChangedMeanwhileError: someone else wrote it since it was read; nothing changed.
            InventoryError: what is there was never read, and cannot be.
            ClusterError: it could not be written: the old one is whole, or the new one.
        """
        if not self._loaded:
            self.load()
        if inventory == self._stored:
            return
        stored = encode(inventory, name=self.name, namespace=self.namespace)
        if self._head is not None and _same(self._head, stored.head):
            return
        chunked = bool(stored.chunks) or bool(self._head and chunk_names(self._head))
        for chunk in stored.chunks:
            self._write_chunk(self._labelled(chunk))
        self._head = self._write_head(self._labelled(stored.head))
        self._stored = inventory
        if chunked:
            self._remove_others(stored)

    def remove(self) -> None:
        """Delete it with all of its chunks; its objects stay.

        Raises:
            ClusterError: it could not be deleted.
        """
        if self._head is not None:
            uid = text(self._head, "metadata", "uid")
            with suppress(errors.AlreadyGoneError):
                self._cluster.delete(CONFIG_MAPS, namespace=self.namespace, name=self.name, uid=uid)
        self._head = self._stored = None
        self._remove_others(Stored(head={}))

    def _read(self, name: str) -> LiveObject | None:
        try:
            return self._cluster.get(CONFIG_MAPS, namespace=self.namespace, name=name)
        except errors.NotFoundError:
            return None

    def _labelled(self, body: Body) -> Body:
        labels = {_MANAGED_BY: "gitops-action", STORED_LABEL: self.label}
        return {**body, "metadata": {**mapping(body, "metadata"), "labels": labels}}

    def _write_chunk(self, chunk: Body) -> None:
        """Write a chunk; one of that name holds the same already, or was edited."""
        there = self._read(text(chunk, "metadata", "name"))
        if there is None:
            with suppress(errors.AlreadyExistsError):  # a twin of it: decoding would find another
                self._cluster.create(chunk, manager=self._manager)
        elif not _same(there, chunk):
            self._cluster.replace(_in_place_of(there, chunk), manager=self._manager)

    def _write_head(self, head: Body) -> LiveObject:
        try:
            return self._put(head)
        except (
            errors.AlreadyExistsError,
            errors.ChangedMeanwhileError,
            errors.NotFoundError,
            errors.UnreachableError,
        ) as error:
            there = self._read(self.name)
            if there is not None and _same(there, head):
                return there  # the write took effect, its answer was lost
            if isinstance(error, errors.UnreachableError) and _version(there) == _version(
                self._head
            ):
                return self._put(head)
            raise self._moved(error) from error

    def _put(self, head: Body) -> LiveObject:
        if self._head is None:
            return self._cluster.create(head, manager=self._manager)
        return self._cluster.replace(_in_place_of(self._head, head), manager=self._manager)

    def _moved(self, error: errors.ClusterError) -> errors.ClusterError:
        if isinstance(error, errors.UnreachableError):
            return error
        return errors.ChangedMeanwhileError(
            f"the inventory {self.namespace}/{self.name} was changed by another writer meanwhile",
            cause=error.cause,
            fix="run again: it goes on from what is there",
        )

    def _remove_others(self, stored: Stored) -> None:
        """Remove chunks that the head does not name; what stays is removed another time."""
        names = {self.name, *(text(chunk, "metadata", "name") for chunk in stored.chunks)}
        selector = f"{STORED_LABEL}={self.label}"
        with suppress(errors.ClusterError):
            listed = self._cluster.list(
                CONFIG_MAPS, namespace=self.namespace, labels=selector, metadata=True
            )
            for one in listed.items:
                name = text(one, "metadata", "name")
                if name not in names and name.startswith(f"{self.name}-"):
                    uid = text(one, "metadata", "uid")
                    self._cluster.delete(CONFIG_MAPS, namespace=self.namespace, name=name, uid=uid)


def _same(live: Body, requested: Body) -> bool:
    return _content(live) == _content(requested)


def _content(body: Body) -> tuple[Mapping[str, object], Mapping[str, object]]:
    return mapping(body, "data"), mapping(body, "binaryData")


def _version(body: Body | None) -> str:
    return text(body, "metadata", "resourceVersion") if body is not None else ""


def _in_place_of(there: LiveObject, body: Body) -> Body:
    metadata = {**mapping(body, "metadata"), "resourceVersion": _version(there)}
    return {**body, "metadata": metadata}


# What was ours when an inventory was lost: reported, never deleted and never taken over.

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


def left_behind(run: TargetRun) -> tuple[str, ...]:
    """A note about each environment of this repository that is not declared any more.

    Only the inventories beside our own are looked at.
    """
    if not run.declared:
        return ()
    own, label = run.cluster.namespace, label_for(run)
    known = {label(name) for name in run.declared}
    notes = []
    for item in _in(run.cluster, CONFIG_MAPS, STORED_LABEL, own):
        name, stored = text(item, "metadata", "name"), labels(item).get(STORED_LABEL, "")
        if stored in known or name != record_name(stored):
            continue
        found = _environment(run, name)
        if label(found) == stored:
            notes.append(
                f"the environment {found} is not declared any more, and what was applied for it is"
                f" still there (inventory {own}/{name}): `deploy --destroy {found}` deletes it"
            )
    return tuple(notes)


def _environment(run: TargetRun, name: str) -> str:
    """Whose inventory a ConfigMap holds; empty where it cannot be read."""
    try:
        head = run.cluster.get(CONFIG_MAPS, namespace=run.cluster.namespace, name=name)
    except errors.ClusterError:
        return ""
    return text(head, "data", "environment")


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
    except errors.AccessDeniedError:
        places = namespaces if kind.namespaced else ()
    except errors.ClusterError:
        return ()
    return tuple(item for place in places for item in _in(cluster, kind, selector, place))


def _in(cluster: Cluster, kind: Resource, selector: str, place: str) -> tuple[LiveObject, ...]:
    try:
        return cluster.list(kind, namespace=place, labels=selector, metadata=True).items
    except errors.ClusterError:
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
