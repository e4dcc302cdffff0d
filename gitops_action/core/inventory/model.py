"""The inventory of an environment in one cluster, and how it grows and shrinks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gitops_action.core.manifests.model import ObjectId


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object that is, or is about to be, ours.

    Attributes:
        id: which object.
        version: the version of its API that it was applied in, such as `v1`.
        uid: the UID the API server gave it; empty before it was applied.
        hash: of the desired object as it was applied; empty when that is not known.
    """

    id: ObjectId
    version: str
    uid: str = ""
    hash: str = ""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Everything that was applied for an environment.

    Attributes:
        environment: its name.
        entries: by object; no order.
        commit: the commit that was applied last, empty when none was completely.
    """

    environment: str
    entries: Mapping[ObjectId, Entry] = field(default_factory=dict)
    commit: str = ""

    @classmethod
    def of(cls, environment: str, entries: Iterable[Entry], *, commit: str = "") -> Inventory:
        """An inventory of these entries; a later one of the same object wins."""
        return cls(
            environment=environment,
            entries={entry.id: entry for entry in entries},
            commit=commit,
        )


def union(recorded_before: Inventory, planned: Iterable[Entry]) -> Inventory:
    """What has to be recorded before the first write: nothing that is written is ever unknown.

    What was recorded keeps its UID; its hash goes, because the object is about to change.
    """
    entries = dict(recorded_before.entries)
    for entry in planned:
        known = entries.get(entry.id)
        uid = entry.uid or (known.uid if known else "")
        same = known is not None and known.hash == entry.hash and known.version == entry.version
        entries[entry.id] = Entry(
            id=entry.id, version=entry.version, uid=uid, hash=entry.hash if same else ""
        )
    return _replace(recorded_before, entries)


def recorded(inventory: Inventory, applied: Iterable[Entry]) -> Inventory:
    """The inventory with what the API server confirmed: UIDs and hashes."""
    return _replace(inventory, {**inventory.entries, **{entry.id: entry for entry in applied}})


def shrink(inventory: Inventory, gone: Collection[ObjectId]) -> Inventory:
    """The inventory without objects whose deletion was confirmed, or that were not there."""
    kept = {key: entry for key, entry in inventory.entries.items() if key not in gone}
    return _replace(inventory, kept)


def _replace(inventory: Inventory, entries: Mapping[ObjectId, Entry]) -> Inventory:
    return Inventory(environment=inventory.environment, entries=entries, commit=inventory.commit)
