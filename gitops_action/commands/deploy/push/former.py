"""The inventories of an environment's former names: what they hold is the environment's now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.results import Ledger
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.deploy.inventory import Inventory


def with_former(inventory: Inventory, stores: Iterable[InventoryStore]) -> Inventory:
    """The inventory with what was applied under former names; its own entries win.

    Raises:
        InventoryError: one of them is damaged; nothing may be written then.
        ClusterError: one cannot be read.
    """
    entries = {
        item: replace(entry, hash="")
        for store in stores
        for item, entry in store.load().entries.items()
    }
    return replace(inventory, entries={**entries, **inventory.entries})


def hand_over(ledger: Ledger, stores: Iterable[InventoryStore]) -> None:
    """Delete former inventories, now that the new one was saved with all that they hold."""
    for store in stores:
        if store.lost:
            continue
        try:
            store.remove()
        except ClusterError as error:
            ledger.note(f"the former inventory {store.name} could not be removed: {error.title}")
        else:
            ledger.note(f"the inventory of {store.environment} was taken over")
