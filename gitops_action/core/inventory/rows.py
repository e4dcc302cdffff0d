"""Entries as JSON rows, and back; a row that makes no sense is an error, never left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops_action.core.inventory.ids import inventory_id, parse_inventory_id
from gitops_action.core.inventory.model import Entry


def to_row(entry: Entry) -> dict[str, str]:
    """The entry with short keys; empty ones are left out.

    `name` is written only where the id would read back as another name (one that itself has two
    underscores in a row).
    """
    written = inventory_id(entry.id)
    name = "" if parse_inventory_id(written) == entry.id else entry.id.name
    row = {
        "id": written,
        "v": entry.version,
        "uid": entry.uid,
        "hash": entry.hash,
        "name": name,
    }
    return {key: value for key, value in row.items() if value}


def from_row(row: object) -> Entry:
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
    return Entry(id=found, version=row["v"], uid=row.get("uid", ""), hash=row.get("hash", ""))
