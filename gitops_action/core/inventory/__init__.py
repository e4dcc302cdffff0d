"""What was applied to a cluster for an environment: ids, entries, and how they are stored."""

from gitops_action.core.inventory.ids import inventory_id, parse_inventory_id
from gitops_action.core.inventory.model import Entry, Inventory, recorded, shrink, union
from gitops_action.core.inventory.names import inventory_label, record_name
from gitops_action.core.inventory.store import Stored, chunk_names, decode, encode

__all__ = [
    "Entry",
    "Inventory",
    "Stored",
    "chunk_names",
    "decode",
    "encode",
    "inventory_id",
    "inventory_label",
    "parse_inventory_id",
    "record_name",
    "recorded",
    "shrink",
    "union",
]
