"""The inventory as ConfigMaps: one readable when small, several compressed ones when large.

The head names its chunks, and a chunk is named by what is in it: chunks are written first, then
the head, so that a reader finds either the old whole or the new whole.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from gzip import GzipFile, compress
from hashlib import sha256
from io import BytesIO
from zlib import error as zlib_error

from gitops_action.core.inventory.errors import corrupt
from gitops_action.core.inventory.model import Inventory
from gitops_action.core.inventory.rows import from_row, to_row
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body

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


def _inventory(where: str, lines: str, values: Mapping[str, str]) -> Inventory:
    try:
        entries = [from_row(json.loads(line)) for line in lines.splitlines()]
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
