"""How recorded objects live now: one list a kind and namespace where they are many.

When a kind cannot be reached, the server is asked for its version: if it answers, only whoever
serves that kind is down (an aggregated API); otherwise that is the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.push.threads import for_each
from gitops_action.core.cluster.errors import (
    ClusterError,
    ExpiredError,
    NotFoundError,
    UnreachableError,
)
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.deploy.desired import INVENTORY_LABEL
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId

_FEW = 6
"""Up to so many objects of a kind and namespace are read one by one."""


class Recorded(Protocol):
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
    cluster: Cluster, recorded: Iterable[Recorded], *, label: str, trust_label: bool = False
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
        resource = kinds[_kind(members[0])]
        if resource is None:
            found.update(_of_unserved(cluster, members))
            continue
        listed = _listed(cluster, resource, members, label) if len(members) > _FEW else None
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


def resource_of(cluster: Cluster, one: Recorded) -> Resource:
    """The object's kind in its recorded version, or in the preferred one where that is gone.

    Raises:
        NotFoundError: the kind is not served (`missing` is `kind`).
    """
    served = _served(cluster, _kind(one))
    api_version = f"{one.id.group}/{one.version}" if one.id.group else one.version
    return served or cluster.resource(api_version, one.id.kind)


def _key(one: Recorded) -> tuple[str, str, str, str]:
    return one.id.group, one.version, one.id.kind, one.id.namespace


def _kind(one: Recorded) -> tuple[str, str, str]:
    return one.id.group, one.version, one.id.kind


def _by_kind_and_namespace(recorded: Iterable[Recorded]) -> Iterable[tuple[Recorded, ...]]:
    for _, members in groupby(sorted(recorded, key=_key), key=_key):
        yield tuple(members)


def _kinds(
    cluster: Cluster, groups: Sequence[tuple[Recorded, ...]]
) -> Mapping[tuple[str, str, str], Resource | None]:
    """The kinds as they are served; the server is asked anew when one seems to be missing."""
    wanted = {_kind(members[0]) for members in groups}
    found = {kind: _served(cluster, kind) for kind in wanted}
    if None in found.values():
        cluster.resources(fresh=True)
        found = {kind: _served(cluster, kind) for kind in wanted}
    return found


def _served(cluster: Cluster, kind: tuple[str, str, str]) -> Resource | None:
    group, version, name = kind
    served = cluster.resources()
    api_version = f"{group}/{version}" if group else version
    return served.exact(api_version, name) or served.preferred(group, name)


def _listed(
    cluster: Cluster, resource: Resource, members: Sequence[Recorded], label: str
) -> Mapping[str, LiveObject] | None:
    """Those that carry our label, by name; None where they may not be listed."""
    try:
        listing = cluster.list(
            resource,
            namespace=members[0].id.namespace,
            labels=f"{INVENTORY_LABEL}={label}",
            metadata=True,
        )
    except ExpiredError:
        raise
    except UnreachableError:
        cluster.version()
        return None
    except ClusterError:
        return None
    return {text(item, "metadata", "name"): item for item in listing.items}


def _read(cluster: Cluster, one: Known) -> Mapping[ObjectId, LiveObject | None]:
    """The object, or that it is not there; nothing where it may not be read."""
    try:
        live = cluster.get(one.resource, namespace=one.id.namespace, name=one.id.name)
    except NotFoundError:
        return {one.id: None}
    except ExpiredError:
        raise
    except UnreachableError:
        cluster.version()
        return {}
    except ClusterError:
        return {}
    return {one.id: live}


def _of_unserved(
    cluster: Cluster, members: Sequence[Recorded]
) -> Mapping[ObjectId, LiveObject | None]:
    """Objects of a kind that is not served: gone with it, unless who serves it is only away.

    Whoever serves an aggregated API may be down (503), and then nothing is known of its objects.
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
    except NotFoundError as error:
        return {one.id: None for one in members} if error.missing == "kind" else {}
    except ExpiredError:
        raise
    except ClusterError:
        return {}
    return {}
