"""The inventory of an environment in one cluster, and how it grows and shrinks."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from gzip import GzipFile, compress
from hashlib import sha256
from io import BytesIO
from zlib import error as zlib_error

from gitops_action.core.answers import parse_json
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class InventoryEntry:
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
    entries: Mapping[ObjectId, InventoryEntry] = field(default_factory=dict)
    commit: str = ""

    @classmethod
    def of(
        cls, environment: str, entries: Iterable[InventoryEntry], *, commit: str = ""
    ) -> Inventory:
        """An inventory of these entries; a later one of the same object wins."""
        return cls(
            environment=environment,
            entries={entry.id: entry for entry in entries},
            commit=commit,
        )


def union(recorded_before: Inventory, planned: Iterable[InventoryEntry]) -> Inventory:
    """What has to be recorded before the first write: nothing that is written is ever unknown.

    What was recorded keeps its UID; its hash goes, because the object is about to change.
    """
    entries = dict(recorded_before.entries)
    for entry in planned:
        known = entries.get(entry.id)
        uid = entry.uid or (known.uid if known else "")
        same = known is not None and known.hash == entry.hash and known.version == entry.version
        entries[entry.id] = InventoryEntry(
            id=entry.id, version=entry.version, uid=uid, hash=entry.hash if same else ""
        )
    return _replace(recorded_before, entries)


def recorded(inventory: Inventory, applied: Iterable[InventoryEntry]) -> Inventory:
    """The inventory with what the API server confirmed: UIDs and hashes."""
    return _replace(inventory, {**inventory.entries, **{entry.id: entry for entry in applied}})


def shrink(inventory: Inventory, gone: Collection[ObjectId]) -> Inventory:
    """The inventory without objects whose deletion was confirmed, or that were not there."""
    kept = {key: entry for key, entry in inventory.entries.items() if key not in gone}
    return _replace(inventory, kept)


def _replace(inventory: Inventory, entries: Mapping[ObjectId, InventoryEntry]) -> Inventory:
    return Inventory(environment=inventory.environment, entries=entries, commit=inventory.commit)


# An inventory that cannot be trusted stops the deployment: an empty one would lose objects.


class InventoryError(GitOpsError):
    """The recorded inventory is damaged, was edited, or is of another environment."""


def corrupt(where: str, cause: str) -> InventoryError:
    """The error for the inventory kept in the ConfigMap `where` (namespace and name)."""
    return InventoryError(
        f"The inventory in the ConfigMap {where} cannot be read",
        cause=cause,
        fix=(
            "restore the ConfigMap; or delete it: the next deployment records what it applies,"
            " and objects removed meanwhile stay in the cluster until you delete them"
        ),
    )


# Ids of objects as Flux and cli-utils write them: `namespace_name_group_kind`.

_SEPARATOR = "_"
_COLON = "__"
_PARTS = 3


def inventory_id(object_id: ObjectId) -> str:
    """The object's id; an empty namespace or group leaves its place empty."""
    name = object_id.name.replace(":", _COLON)
    return _SEPARATOR.join((object_id.namespace, name, object_id.group, object_id.kind))


def parse_inventory_id(written: str) -> ObjectId:
    """The object that an id names; `__` in a name reads as a colon, as it does for Flux.

    Raises:
        ValueError: it is no such id.
    """
    namespace, _, rest = written.partition(_SEPARATOR)
    parts = rest.rsplit(_SEPARATOR, 2)
    if len(parts) != _PARTS or not parts[0] or not parts[2]:
        raise ValueError(f"not namespace_name_group_kind: {written!r}")
    name, group, kind = parts
    return ObjectId(group=group, kind=kind, namespace=namespace, name=name.replace(_COLON, ":"))


# What an environment is called in a cluster, where other repositories may deploy as well.

_READABLE = 50
"""A label's value has at most 63 characters (Kubernetes, "Labels and Selectors")."""
_DIGITS = 12
_PREFIX = "gitops-action-"


def inventory_label(*, environment: str, repository: str, server_url: str) -> str:
    """The value of the label that says whose inventory an object is in.

    Readable first, then a hash that distinguishes environments of one name, of different
    repositories and servers: `production-1b4f0e985197`. Neither case nor a final slash counts. A
    repository that was renamed is another one: it starts an inventory of its own, and nothing of
    the former one is deleted.

    Args:
        environment: its name in the configuration.
        repository: OWNER/NAME.
        server_url: where the repository is, such as `https://github.com`.
    """
    server = server_url.strip("/ ").rpartition("://")[2]
    whole = "\n".join((server.lower(), repository.strip("/ ").lower(), environment))
    return f"{environment[:_READABLE]}-{sha256(whole.encode()).hexdigest()[:_DIGITS]}"


def record_name(label: str) -> str:
    """The name of an environment's lease, and of the ConfigMap at the head of its inventory."""
    return _PREFIX + label


# Entries as JSON rows, and back; a row that makes no sense is an error, never left out.


def to_row(entry: InventoryEntry) -> dict[str, str]:
    """The entry with short keys; empty ones are left out.

    `name` is written only where the id would read back as another name (one that itself has two
    underscores in a row).
    """
    written = inventory_id(entry.id)
    same = _is_plain(entry.id) or parse_inventory_id(written) == entry.id
    name = "" if same else entry.id.name
    row = {
        "id": written,
        "v": entry.version,
        "uid": entry.uid,
        "hash": entry.hash,
        "name": name,
    }
    return {key: value for key, value in row.items() if value}


def _is_plain(item: ObjectId) -> bool:
    """Whether no separator is in it, so that its id certainly reads back as it is."""
    return _SEPARATOR not in f"{item.namespace}{item.name}{item.group}{item.kind}"


def from_row(row: object) -> InventoryEntry:
    """The entry of a row.

    Raises:
        ValueError: the row is no entry.
    """
    if not isinstance(row, Mapping):
        raise ValueError(f"not an entry: {row!r}")  # noqa: TRY004 - bad data, not a wrong call
    unknown = set(row) - {"id", "v", "uid", "hash", "name"}
    if unknown or not all(isinstance(value, str) for value in row.values()):
        raise ValueError(f"not an entry: {dict(row)!r}")
    if not row.get("v"):
        raise ValueError(f"an entry without a version: {dict(row)!r}")
    found = parse_inventory_id(row.get("id", ""))
    if row.get("name"):
        found = replace(found, name=row["name"])
    return InventoryEntry(
        id=found, version=row["v"], uid=row.get("uid", ""), hash=row.get("hash", "")
    )


# The inventory as ConfigMaps: one readable when small, several compressed ones when large.

FORMAT = "1"
PLAIN_LIMIT = 200_000
"""Bytes up to which the inventory stays readable."""
CHUNK_LIMIT = 700_000
"""Compressed bytes in one ConfigMap; in base64 still below the 1 MiB that the API takes."""
_BIGGEST = 128 * 1024 * 1024
_HEADER = ("format", "environment", "commit", "count", "digest")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The ConfigMaps of an inventory; `chunks` have to be written before `head`."""

    head: Body
    chunks: tuple[Body, ...] = ()


def encode(inventory: Inventory, *, name: str, namespace: str) -> Stored:
    """The inventory as ConfigMaps.

    Args:
        inventory: what to store.
        name: of the head ConfigMap; chunks are called `<name>-<hash>`.
        namespace: where they are kept.
    """
    rows = sorted(
        (to_row(entry) for entry in inventory.entries.values()), key=lambda row: row["id"]
    )
    lines = "\n".join(json.dumps(row, sort_keys=True, separators=(",", ":")) for row in rows)
    header = {
        "format": FORMAT,
        "environment": inventory.environment,
        "commit": inventory.commit,
        "count": str(len(rows)),
        "digest": sha256(lines.encode()).hexdigest(),
    }
    if len(lines.encode()) <= PLAIN_LIMIT:
        return Stored(head=_config_map(name, namespace, data={**header, "entries": lines}))
    packed = compress(lines.encode(), mtime=0)
    parts = [packed[at : at + CHUNK_LIMIT] for at in range(0, len(packed), CHUNK_LIMIT)]
    chunks = tuple(
        _config_map(_chunk_name(name, part), namespace, binary={"part": _base64(part)})
        for part in parts
    )
    names = " ".join(_chunk_name(name, part) for part in parts)
    return Stored(
        head=_config_map(name, namespace, data={**header, "chunks": names}), chunks=chunks
    )


def chunk_names(head: Body) -> tuple[str, ...]:
    """Which further ConfigMaps have to be read for that head."""
    return tuple(text(head, "data", "chunks").split())


def decode(head: Body, chunks: Mapping[str, Body], *, environment: str) -> Inventory:
    """The inventory that ConfigMaps hold.

    Args:
        head: the head ConfigMap.
        chunks: those that `chunk_names` asks for, by name.
        environment: whose inventory it has to be.

    Raises:
        InventoryError: they are damaged, were edited, or are another environment's.
    """
    where = f"{text(head, 'metadata', 'namespace')}/{text(head, 'metadata', 'name')}"
    data = mapping(head, "data")
    values = {key: text(data, key) for key in _HEADER}
    if values["format"] != FORMAT:
        raise corrupt(where, f"its format is {values['format'] or 'missing'}, not {FORMAT}")
    if values["environment"] != environment:
        raise corrupt(where, f"it belongs to {values['environment'] or 'no environment'}")
    lines = _lines(where, head, chunks)
    if sha256(lines.encode()).hexdigest() != values["digest"]:
        raise corrupt(where, "its entries do not match their checksum")
    return _inventory(where, lines, values)


def _rows(lines: str) -> Sequence[object]:
    """Of one line each; read as one list, in a third of the time."""
    rows = parse_json(f"[{','.join(lines.splitlines())}]")
    return rows if isinstance(rows, list) else ()


def _inventory(where: str, lines: str, values: Mapping[str, str]) -> Inventory:
    try:
        entries = [from_row(row) for row in _rows(lines)]
    except ValueError as error:
        raise corrupt(where, str(error)) from error
    found = Inventory.of(values["environment"], entries, commit=values["commit"])
    if str(len(found.entries)) != values["count"]:
        raise corrupt(where, f"{len(found.entries)} entries where {values['count']} are announced")
    return found


def _lines(where: str, head: Body, chunks: Mapping[str, Body]) -> str:
    names = chunk_names(head)
    if not names:
        entries = mapping(head, "data").get("entries")
        if not isinstance(entries, str):
            raise corrupt(where, "it has no entries")
        return entries
    missing = [name for name in names if name not in chunks]
    if missing:
        raise corrupt(where, f"the ConfigMap {missing[0]} is missing")
    try:
        packed = b"".join(
            b64decode(text(chunks[name], "binaryData", "part"), validate=True) for name in names
        )
        return _unpacked(packed).decode()
    except (ValueError, OSError, EOFError, zlib_error) as error:
        raise corrupt(where, f"its parts cannot be read: {error}") from error


def _unpacked(packed: bytes) -> bytes:
    """The bytes, within bounds: what is small packed can be huge unpacked."""
    with GzipFile(fileobj=BytesIO(packed)) as file:
        content = file.read(_BIGGEST + 1)
    if len(content) > _BIGGEST:
        raise ValueError(f"more than {_BIGGEST} bytes")
    return content


def _chunk_name(name: str, part: bytes) -> str:
    return f"{name}-{sha256(part).hexdigest()[:16]}"


def _base64(part: bytes) -> str:
    return b64encode(part).decode()


def _config_map(
    name: str,
    namespace: str,
    *,
    data: Mapping[str, str] | None = None,
    binary: Mapping[str, str] | None = None,
) -> Body:
    body: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
    }
    if data:
        body["data"] = dict(data)
    if binary:
        body["binaryData"] = dict(binary)
    return body
