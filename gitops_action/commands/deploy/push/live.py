"""What lives of the objects that are described: one list a kind, or single reads where few are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from itertools import groupby
from typing import Protocol, TypeVar

from gitops_action.commands.deploy.cluster import ClusterReader
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.objects import INVENTORY_LABEL, Placed, Target, scaled_targets
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import ObjectId

# The same question about many things, asked by a few threads.

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8


def for_each(work: Callable[[T], R], given: Iterable[T]) -> list[R]:
    """The results in the order of what is given; after an error nothing more is begun."""
    everything = list(given)
    if len(everything) <= 1:
        return [work(one) for one in everything]
    with ThreadPoolExecutor(min(THREADS, len(everything))) as pool:
        return list(pool.map(work, everything))


_FEW = 3
"""Up to so many objects of a kind are read one by one."""
_SPACES = 4
"""Up to so many namespaces are listed one by one instead of the whole cluster."""
_SCALERS = (("autoscaling/v2", "HorizontalPodAutoscaler"), ("keda.sh/v1alpha1", "ScaledObject"))


@dataclass(frozen=True, kw_only=True)
class LiveState:
    """What lives.

    Attributes:
        objects: those that are there.
        unread: those that the account may not read: the API server has to decide.
    """

    objects: Mapping[ObjectId, LiveObject] = field(default_factory=dict)
    unread: frozenset[ObjectId] = frozenset()

    def absent(self, item: ObjectId) -> bool:
        """Whether it is known not to be there."""
        return item not in self.objects and item not in self.unread


def look(cluster: ClusterReader, objects: Iterable[Placed]) -> LiveState:
    """Read what lives of these objects; kinds that only arrive have no objects yet.

    Raises:
        ClusterError: the cluster does not answer.
    """
    known = sorted((one for one in objects if not one.arriving), key=lambda one: one.resource)
    groups = [tuple(members) for _, members in groupby(known, key=lambda one: one.resource)]
    found: dict[ObjectId, LiveObject] = {}
    unread: set[ObjectId] = set()
    for part in for_each(lambda members: _kind(cluster, members), groups):
        found.update(part.objects)
        unread |= part.unread
    return LiveState(objects=found, unread=frozenset(unread))


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What autoscalers scale; `until_pruned`, by those that are about to be pruned."""

    targets: frozenset[Target]
    until_pruned: frozenset[Target]


def scaled_in(
    cluster: ClusterReader, objects: Iterable[Placed], leaving: Collection[ObjectId]
) -> Scaled:
    """What autoscalers of the cluster scale, where workloads are described.

    Args:
        cluster: where.
        objects: what is described.
        leaving: what is about to be pruned.
    """
    spaces = {
        one.id.namespace
        for one in objects
        if one.id.namespace and "template" in mapping(one.body, "spec")
    }
    scalers = [cluster.resources().exact(*kind) for kind in _SCALERS]
    asked = [(one, space) for one in scalers if one for space in sorted(spaces)]
    listed = for_each(lambda each: _listed_or_none(cluster, *each), asked)
    # Items of a list name no kind, which is how an autoscaler is known.
    bodies = [
        (
            _id_of(resource, item),
            {"apiVersion": resource.api_version, "kind": resource.kind, **item},
        )
        for (resource, _), items in zip(asked, listed, strict=True)
        for item in items or ()
    ]
    targets = scaled_targets(body for item, body in bodies if item not in leaving)
    until = scaled_targets(body for item, body in bodies if item in leaving)
    return Scaled(targets=targets, until_pruned=until - targets)


def _id_of(resource: Resource, item: LiveObject) -> ObjectId:
    return ObjectId(
        group=resource.group,
        kind=resource.kind,
        namespace=text(item, "metadata", "namespace"),
        name=text(item, "metadata", "name"),
    )


def _kind(cluster: ClusterReader, members: Sequence[Placed]) -> LiveState:
    resource = members[0].resource
    if len(members) <= _FEW:
        return _one_by_one(cluster, members)
    spaces = sorted({one.id.namespace for one in members})
    asked = spaces if len(spaces) <= _SPACES else [""]
    listed = _places(cluster, resource, asked)
    if listed is None and asked != spaces:
        listed = _places(cluster, resource, spaces)
    if listed is None:
        return _one_by_one(cluster, members)
    requested = {(one.id.namespace, one.id.name): one.id for one in members}
    found = {}
    for item in listed:
        key = text(item, "metadata", "namespace"), text(item, "metadata", "name")
        if key in requested:
            # Items of a list name no kind.
            found[requested[key]] = {
                "apiVersion": resource.api_version,
                "kind": resource.kind,
                **item,
            }
    return LiveState(objects=found)


def _places(
    cluster: ClusterReader, resource: Resource, spaces: Sequence[str]
) -> list[LiveObject] | None:
    found: list[LiveObject] = []
    for space in spaces:
        listed = _listed_or_none(cluster, resource, space)
        if listed is None:
            return None
        found += listed
    return found


def _listed_or_none(
    cluster: ClusterReader, resource: Resource, namespace: str
) -> tuple[LiveObject, ...] | None:
    """The objects; None where they may not be listed."""
    try:
        return cluster.list(resource, namespace=namespace).items
    except (errors.AccessDeniedError, errors.NotFoundError):
        return None


def _one_by_one(cluster: ClusterReader, members: Sequence[Placed]) -> LiveState:
    found: dict[ObjectId, LiveObject] = {}
    unread: set[ObjectId] = set()

    def read(one: Placed) -> None:
        try:
            found[one.id] = cluster.get(one.resource, namespace=one.id.namespace, name=one.id.name)
        except errors.NotFoundError:
            return
        except errors.AccessDeniedError:
            unread.add(one.id)

    for_each(read, members)
    return LiveState(objects=found, unread=frozenset(unread))


# How recorded objects live now: one list a kind and namespace where they are many.

_FEW_RECORDED = 6
"""Up to so many objects of a kind and namespace are read one by one."""


class RecordedObject(Protocol):
    """An object that is known by name and version: an entry, or a deletion."""

    @property
    def id(self) -> ObjectId:
        """Which object."""
        ...

    @property
    def version(self) -> str:
        """The version of its API that it was applied in."""
        ...


@dataclass(frozen=True, kw_only=True)
class Known:
    """An object with its kind as the server has it."""

    id: ObjectId
    resource: Resource


def read_live(
    cluster: ClusterReader,
    recorded: Iterable[RecordedObject],
    *,
    label: str,
    trust_label: bool = False,
) -> dict[ObjectId, LiveObject | None]:
    """Each object as it lives: at least its metadata; None for one that is not there.

    What could not be read is left out.

    Args:
        cluster: where.
        recorded: which.
        label: the value of our inventory label.
        trust_label: what a list by that label does not show is gone. Otherwise it is looked at by
            itself, as it may only have lost the label.

    Raises:
        UnreachableError: the cluster is away.
        ExpiredError: the credentials have run out.
    """
    groups = list(_by_kind_and_namespace(recorded))
    kinds = _kinds(cluster, groups)
    found: dict[ObjectId, LiveObject | None] = {}
    alone: list[Known] = []
    for members in groups:
        resource = kinds[_recorded_kind(members[0])]
        if resource is None:
            found.update(_of_unserved(cluster, members))
            continue
        listed = (
            _listed(cluster, resource, members, label) if len(members) > _FEW_RECORDED else None
        )
        for one in members:
            live = listed.get(one.id.name) if listed is not None else None
            if live is not None:
                found[one.id] = live
            elif listed is not None and trust_label:
                found[one.id] = None
            else:
                alone.append(Known(id=one.id, resource=resource))
    for read in for_each(lambda one: _read(cluster, one), alone):
        found.update(read)
    return found


def resource_of(cluster: ClusterReader, one: RecordedObject) -> Resource:
    """The object's kind in its recorded version, or in the preferred one where that is gone.

    Raises:
        NotFoundError: the kind is not served (`missing` is `kind`).
    """
    served = _served(cluster, _recorded_kind(one))
    api_version = f"{one.id.group}/{one.version}" if one.id.group else one.version
    return served or cluster.resource(api_version, one.id.kind)


def _key(one: RecordedObject) -> tuple[str, str, str, str]:
    return one.id.group, one.version, one.id.kind, one.id.namespace


def _recorded_kind(one: RecordedObject) -> tuple[str, str, str]:
    return one.id.group, one.version, one.id.kind


def _by_kind_and_namespace(
    recorded: Iterable[RecordedObject],
) -> Iterable[tuple[RecordedObject, ...]]:
    for _, members in groupby(sorted(recorded, key=_key), key=_key):
        yield tuple(members)


def _kinds(
    cluster: ClusterReader, groups: Sequence[tuple[RecordedObject, ...]]
) -> Mapping[tuple[str, str, str], Resource | None]:
    """The kinds as they are served; the server is asked again when one seems to be missing."""
    requested = {_recorded_kind(members[0]) for members in groups}
    found = {kind: _served(cluster, kind) for kind in requested}
    if None in found.values():
        cluster.resources(fresh=True)
        found = {kind: _served(cluster, kind) for kind in requested}
    return found


def _served(cluster: ClusterReader, kind: tuple[str, str, str]) -> Resource | None:
    group, version, name = kind
    served = cluster.resources()
    api_version = f"{group}/{version}" if group else version
    return served.exact(api_version, name) or served.preferred(group, name)


def _listed(
    cluster: ClusterReader, resource: Resource, members: Sequence[RecordedObject], label: str
) -> Mapping[str, LiveObject] | None:
    """Those that carry our label, by name; None where they may not be listed."""
    try:
        listing = cluster.list(
            resource,
            namespace=members[0].id.namespace,
            labels=f"{INVENTORY_LABEL}={label}",
            metadata=True,
        )
    except errors.ExpiredError:
        raise
    except errors.UnreachableError:
        cluster.version()
        return None
    except errors.ClusterError:
        return None
    return {text(item, "metadata", "name"): item for item in listing.items}


def _read(cluster: ClusterReader, one: Known) -> Mapping[ObjectId, LiveObject | None]:
    """The object, or that it is not there; nothing where it may not be read."""
    try:
        live = cluster.get(one.resource, namespace=one.id.namespace, name=one.id.name)
    except errors.NotFoundError:
        return {one.id: None}
    except errors.ExpiredError:
        raise
    except errors.UnreachableError:
        cluster.version()
        return {}
    except errors.ClusterError:
        return {}
    return {one.id: live}


def _of_unserved(
    cluster: ClusterReader, members: Sequence[RecordedObject]
) -> Mapping[ObjectId, LiveObject | None]:
    """Objects of a kind that is not served: gone with it, unless who serves it is only away.

    The server of an aggregated API may be down (503), and then nothing is known of its objects.
    Where nobody serves the path, the answer is 404, whatever the plural would be.
    """
    first = members[0]
    plural = f"{first.id.kind.lower()}s"
    guessed = Resource(
        group=first.id.group,
        version=first.version,
        kind=first.id.kind,
        plural=plural,
        namespaced=bool(first.id.namespace),
    )
    try:
        cluster.get(guessed, namespace=first.id.namespace, name=first.id.name)
    except errors.NotFoundError as error:
        return {one.id: None for one in members} if error.missing == "kind" else {}
    except errors.ExpiredError:
        raise
    except errors.ClusterError:
        return {}
    return {}
