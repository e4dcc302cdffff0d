"""What lives of the objects that are described: one list a kind, or single reads where few are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from gitops_action.commands.cluster_ports import Cluster
from gitops_action.commands.steps.deploy.push.threads import for_each
from gitops_action.core.cluster.errors import AccessDeniedError, NotFoundError
from gitops_action.core.cluster.model import LiveObject, Resource
from gitops_action.core.deploy.hpa import Target, scaled_targets
from gitops_action.core.deploy.placing import Placed
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import ObjectId

_FEW = 3
"""Up to so many objects of a kind are read one by one."""
_SPACES = 4
"""Up to so many namespaces are listed one by one instead of the whole cluster."""
_SCALERS = (("autoscaling/v2", "HorizontalPodAutoscaler"),)


@dataclass(frozen=True, kw_only=True)
class Live:
    """What lives.

    Attributes:
        objects: those that are there.
        unread: those that the account may not read: the API server has to tell.
    """

    objects: Mapping[ObjectId, LiveObject] = field(default_factory=dict)
    unread: frozenset[ObjectId] = frozenset()

    def absent(self, item: ObjectId) -> bool:
        """Whether it is known not to be there."""
        return item not in self.objects and item not in self.unread


def look(cluster: Cluster, objects: Iterable[Placed]) -> Live:
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
    return Live(objects=found, unread=frozenset(unread))


def scaled_in(cluster: Cluster, objects: Iterable[Placed]) -> frozenset[Target]:
    """What autoscalers of the cluster scale, where workloads with replicas are described."""
    spaces = {
        one.id.namespace
        for one in objects
        if one.id.namespace and "replicas" in mapping(one.body, "spec")
    }
    scalers = [cluster.resources().exact(*kind) for kind in _SCALERS]
    asked = [(one, space) for one in scalers if one for space in sorted(spaces)]
    listed = for_each(lambda each: _listed_or_none(cluster, *each), asked)
    # Items of a list name no kind, which is how an autoscaler is known.
    bodies = [
        {"apiVersion": resource.api_version, "kind": resource.kind, **item}
        for (resource, _), items in zip(asked, listed, strict=True)
        for item in items or ()
    ]
    return scaled_targets(bodies)


def _kind(cluster: Cluster, members: Sequence[Placed]) -> Live:
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
    wanted = {(one.id.namespace, one.id.name): one.id for one in members}
    found = {}
    for item in listed:
        key = text(item, "metadata", "namespace"), text(item, "metadata", "name")
        if key in wanted:
            # Items of a list name no kind.
            found[wanted[key]] = {
                "apiVersion": resource.api_version,
                "kind": resource.kind,
                **item,
            }
    return Live(objects=found)


def _places(cluster: Cluster, resource: Resource, spaces: Sequence[str]) -> list[LiveObject] | None:
    found: list[LiveObject] = []
    for space in spaces:
        listed = _listed_or_none(cluster, resource, space)
        if listed is None:
            return None
        found += listed
    return found


def _listed_or_none(
    cluster: Cluster, resource: Resource, namespace: str
) -> tuple[LiveObject, ...] | None:
    """The objects; None where they may not be listed."""
    try:
        return cluster.list(resource, namespace=namespace).items
    except (AccessDeniedError, NotFoundError):
        return None


def _one_by_one(cluster: Cluster, members: Sequence[Placed]) -> Live:
    found: dict[ObjectId, LiveObject] = {}
    unread: set[ObjectId] = set()

    def read(one: Placed) -> None:
        try:
            found[one.id] = cluster.get(one.resource, namespace=one.id.namespace, name=one.id.name)
        except NotFoundError:
            return
        except AccessDeniedError:
            unread.add(one.id)

    for_each(read, members)
    return Live(objects=found, unread=frozenset(unread))
