"""What a run records in its inventory whatever happens: hooks, and what former names held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.hooks import Hooks
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.core.cluster.errors import ClusterError
from gitops_action.core.deploy.hooks import Phase
from gitops_action.core.deploy.inventory import Inventory, recorded
from gitops_action.errors import GitOpsError


class InventoryKeeper:
    """The inventory of a run that holds the lease."""

    def __init__(self, ledger: Ledger, store: InventoryStore, lease: HeldLease) -> None:
        """Nothing is read or written yet."""
        self._ledger = ledger
        self._store = store
        self._lease = lease

    def save(self, inventory: Inventory) -> None:
        """Record it.

        Raises:
            ClusterError: it could not be written, or the lease is lost.
        """
        self._lease.check()
        self._store.save(inventory)

    def save_what_can_be(self, inventory: Inventory) -> None:
        """Record it after an error: UIDs that are not recorded would never be pruned."""
        try:
            self.save(inventory)
        except GitOpsError as error:
            self._ledger.note(f"what was written could not be recorded: {error.title}")

    def run_hooks(self, phase: Phase, hooks: Hooks, inventory: Inventory) -> Inventory:
        """Run the hooks of a phase; gives what is recorded now.

        Raises:
            ClusterError: the cluster is away, the credentials or the lease have run out.
        """
        entries = hooks.plan.entries(phase)
        if not entries:
            return inventory
        inventory = recorded(inventory, entries)
        self.save(inventory)
        try:
            hooks.run(phase, self._lease)
        except ENDS as error:
            self._ledger.end(error)
            self.save_what_can_be(recorded(inventory, hooks.confirmed.values()))
            raise
        inventory = recorded(inventory, hooks.confirmed.values())
        self._store.save(inventory)
        return inventory


# The inventories of an environment's former names: what they hold is the environment's now.


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
