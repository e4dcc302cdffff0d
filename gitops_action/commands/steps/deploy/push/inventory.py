"""The inventory of an environment, kept as ConfigMaps in the cluster that it is about.

A head ConfigMap holds it, or names the chunks that do. Chunks are named by their content and
written first, then the head moves to them in one write that only succeeds if nobody else has
written it since it was read: whenever a write is cut off, the old whole is still there.

What somebody edited is an error: the head carries a checksum of all entries. An inventory that was
deleted reads as empty. That deletes nothing, now or later: what the environment describes is
recorded anew when it is applied, and what it described before stays in the cluster, unknown to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.push.home import CONFIG_MAPS, label_of
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.errors import (
    AlreadyExistsError,
    ChangedMeanwhileError,
    ClusterError,
    NotFoundError,
    UnreachableError,
)
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.inventory import Inventory, Stored, chunk_names, decode, encode, record_name
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body

STORED_LABEL = "gitops-action/stored-inventory"
"""On the ConfigMaps themselves: whose inventory they hold. They are in no inventory."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
_UNDECIDED = (AlreadyExistsError, ChangedMeanwhileError, NotFoundError, UnreachableError)
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
        self._environment = environment
        self._manager = manager
        self._head: LiveObject | None = None
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
            found = Inventory(environment=self._environment)
        else:
            chunks = {name: self._read(name) for name in chunk_names(head)}
            there = {name: body for name, body in chunks.items() if body is not None}
            found = decode(head, there, environment=self._environment)
        self._head, self._loaded = head, True
        return found

    def save(self, inventory: Inventory) -> None:
        """Record it: chunks, then the head, then chunks of before are removed.

        What is recorded already is not written again.

        Raises:
            ChangedMeanwhileError: somebody else wrote it since it was read; nothing changed.
            InventoryError: what is there was never read, and cannot be.
            ClusterError: it could not be written: the old one is whole, or the new one.
        """
        if not self._loaded:
            self.load()
        stored = encode(inventory, name=self.name, namespace=self.namespace)
        if self._head is not None and _same(self._head, stored.head):
            return
        chunked = bool(stored.chunks) or bool(self._head and chunk_names(self._head))
        for chunk in stored.chunks:
            self._write_chunk(self._labelled(chunk))
        self._head = self._write_head(self._labelled(stored.head))
        if chunked:
            self._remove_others(stored)

    def _read(self, name: str) -> LiveObject | None:
        try:
            return self._cluster.get(CONFIG_MAPS, namespace=self.namespace, name=name)
        except NotFoundError:
            return None

    def _labelled(self, body: Body) -> Body:
        labels = {_MANAGED_BY: "gitops-action", STORED_LABEL: self.label}
        return {**body, "metadata": {**mapping(body, "metadata"), "labels": labels}}

    def _write_chunk(self, chunk: Body) -> None:
        """Write a chunk; one of that name holds the same already, or was edited."""
        there = self._read(text(chunk, "metadata", "name"))
        if there is None:
            with suppress(AlreadyExistsError):  # a twin of it: decoding would find another
                self._cluster.create(chunk, manager=self._manager)
        elif not _same(there, chunk):
            self._cluster.replace(_in_place_of(there, chunk), manager=self._manager)

    def _write_head(self, head: Body) -> LiveObject:
        try:
            return self._put(head)
        except (
            AlreadyExistsError,
            ChangedMeanwhileError,
            NotFoundError,
            UnreachableError,
        ) as error:
            there = self._read(self.name)
            if there is not None and _same(there, head):
                return there  # the write took effect, its answer was lost
            if isinstance(error, UnreachableError) and _version(there) == _version(self._head):
                return self._put(head)
            raise self._moved(error) from error

    def _put(self, head: Body) -> LiveObject:
        if self._head is None:
            return self._cluster.create(head, manager=self._manager)
        return self._cluster.replace(_in_place_of(self._head, head), manager=self._manager)

    def _moved(self, error: ClusterError) -> ClusterError:
        if isinstance(error, UnreachableError):
            return error
        return ChangedMeanwhileError(
            f"the inventory {self.namespace}/{self.name} was written by somebody else meanwhile",
            cause=error.cause,
            fix="run again: it goes on from what is there",
        )

    def _remove_others(self, stored: Stored) -> None:
        """Remove chunks that the head does not name; what stays is removed another time."""
        names = {self.name, *(text(chunk, "metadata", "name") for chunk in stored.chunks)}
        selector = f"{STORED_LABEL}={self.label}"
        with suppress(ClusterError):
            listed = self._cluster.list(
                CONFIG_MAPS, namespace=self.namespace, labels=selector, metadata=True
            )
            for one in listed.items:
                name = text(one, "metadata", "name")
                if name not in names and name.startswith(f"{self.name}-"):
                    uid = text(one, "metadata", "uid")
                    self._cluster.delete(CONFIG_MAPS, namespace=self.namespace, name=name, uid=uid)


def _same(live: Body, wanted: Body) -> bool:
    return _content(live) == _content(wanted)


def _content(body: Body) -> tuple[Mapping[str, object], Mapping[str, object]]:
    return mapping(body, "data"), mapping(body, "binaryData")


def _version(body: Body | None) -> str:
    return text(body, "metadata", "resourceVersion") if body is not None else ""


def _in_place_of(there: LiveObject, body: Body) -> Body:
    metadata = {**mapping(body, "metadata"), "resourceVersion": _version(there)}
    return {**body, "metadata": metadata}
