"""The pods, ReplicaSets and warnings around workloads, found by their owner without searching."""

from __future__ import annotations

from collections import defaultdict

from gitops_action.commands.deploy.wait.watches import WatchSource
from gitops_action.core.cluster.model import LiveObject, WatchEvent
from gitops_action.core.health.diagnose import RelatedObjects
from gitops_action.core.health.diagnose.workload import new_replica_set
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.model import Body, ObjectId

POD, REPLICA_SET, EVENT = "Pod", "ReplicaSet", "Event"
_Group = dict[ObjectId, LiveObject]


class Neighbours:
    """Keeps them as watches report them, by owner (pods, ReplicaSets) and by name (warnings)."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._all: dict[str, _Group] = {kind: {} for kind in (POD, REPLICA_SET, EVENT)}
        self._groups: dict[tuple[str, str], _Group] = defaultdict(dict)

    def listed(self, source: WatchSource, bodies: tuple[LiveObject, ...]) -> None:
        """Take these instead of all that were known of the kind there."""
        everywhere = not source.namespace
        for one in [
            o for o in self._all[source.kind] if everywhere or o.namespace == source.namespace
        ]:
            self._remove(one)
        for body in bodies:
            self._add(source.id_of(body), body)

    def changed(self, source: WatchSource, event: WatchEvent) -> None:
        """Take one change."""
        one = source.id_of(event.body)
        self._remove(one)
        if event.change != "deleted":
            self._add(one, event.body)

    def concerned(self, source: WatchSource, body: LiveObject) -> set[str]:
        """UIDs of the objects that this one may explain, upwards, and its own."""
        about = text(body, "involvedObject", "uid") or text(body, "regarding", "uid")
        found: set[str] = set()
        waiting = (
            {about} if source.kind == EVENT else {text(body, "metadata", "uid"), *_owners(body)}
        )
        while waiting:
            uid = waiting.pop()
            found.add(uid)
            above = [*self._group(POD, f"={uid}"), *self._group(REPLICA_SET, f"={uid}")]
            waiting |= {owner for one in above for owner in _owners(one)} - found
        return found

    def of(self, workload: Body) -> RelatedObjects:
        """What surrounds a workload: its own, and pods of its namespace that nobody owns."""
        uid, space = text(workload, "metadata", "uid"), text(workload, "metadata", "namespace")
        sets = tuple(self._group(REPLICA_SET, uid))
        newest = new_replica_set(workload, sets)
        pods = [*self._group(POD, uid), *self._group(POD, f"{space}/")]
        if newest:
            pods += self._group(POD, text(newest, "metadata", "uid"))
        named = [workload, *([newest] if newest else []), *pods]
        names = {text(body, "metadata", "name") for body in named}
        events = [
            event for name in sorted(names) for event in self._group(EVENT, f"{space}/{name}")
        ]
        return RelatedObjects(replica_sets=sets, pods=tuple(pods), events=tuple(events))

    def _group(self, kind: str, key: str) -> list[LiveObject]:
        found = self._groups.get((kind, key))
        return list(found.values()) if found else []

    def _add(self, one: ObjectId, body: LiveObject) -> None:
        self._all[one.kind][one] = body
        for key in _keys(one, body):
            self._groups[one.kind, key][one] = body

    def _remove(self, one: ObjectId) -> None:
        body = self._all[one.kind].pop(one, None)
        for key in _keys(one, body) if body else ():
            group = self._groups[one.kind, key]
            group.pop(one, None)
            if not group:
                del self._groups[one.kind, key]


def _keys(one: ObjectId, body: LiveObject) -> list[str]:
    """Where it is found: by its UID and its owners', else its namespace; warnings by a name."""
    if one.kind == EVENT:
        name = text(body, "involvedObject", "name") or text(body, "regarding", "name")
        return [f"{one.namespace}/{name}"]
    itself = f"={text(body, 'metadata', 'uid')}"
    return [itself, *(_owners(body) or [f"{one.namespace}/"])]


def _owners(body: Body) -> list[str]:
    return [text(owner, "uid") for owner in items(body, "metadata", "ownerReferences")]
