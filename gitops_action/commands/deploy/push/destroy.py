"""Takes an environment down: deletes everything that was applied, dependents first."""

from __future__ import annotations

from collections import Counter

from gitops_action.commands.deploy.push.former import hand_over, with_former
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.deploy.push.prune import plan, prune, staying
from gitops_action.commands.deploy.results import Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.deploy.inventory import Inventory
from gitops_action.core.deploy.prune import PrunePlan
from gitops_action.core.deploy.result import Action, Failure, ObjectResult
from gitops_action.core.manifests.model import ObjectId

_NOTHING: frozenset[ObjectId] = frozenset()


def show_destroy(
    run: TargetRun, ledger: Ledger, store: InventoryStore, inventory: Inventory
) -> None:
    """Enter into the ledger what would be deleted; nothing is."""
    chosen = plan(run, store, inventory, _NOTHING)
    _announce(ledger, store, inventory, chosen)
    ledger.set(*(ObjectResult(id=one.id, action=Action.PRUNED) for one in chosen.deletes))
    ledger.note(*(f"{keep.id} would stay: {keep.reason}" for keep in chosen.kept))


def destroy(run: TargetRun, ledger: Ledger) -> None:
    """Delete everything that the inventory knows, and the inventory when nothing is left of it.

    Raises:
        InventoryError: the inventory is damaged; nothing was deleted.
        ClusterError: the cluster is away, the credentials or the lease have run out.
    """
    store, former = InventoryStore.of(run), InventoryStore.former(run)
    if not with_former(store.load(), former).entries:
        ledger.note(f"nothing of {run.environment.name} is recorded in {store.namespace}")
        return
    with held(run) as lease:
        inventory = with_former(store.load(), former)
        chosen = plan(run, store, inventory, _NOTHING)
        _announce(ledger, store, inventory, chosen)
        store.save(inventory)
        hand_over(ledger, former)
        done = prune(run, chosen, inventory, store, lease)
        ledger.set(*done.objects)
        ledger.note(*done.notes)
        ledger.fail(*done.failures)
        if done.ended is not None:
            ledger.end(done.ended)
        elif done.inventory.entries:
            ledger.fail(_left(done.inventory, staying(done.objects)))
        else:
            store.remove()


def _announce(
    ledger: Ledger, store: InventoryStore, inventory: Inventory, chosen: PrunePlan
) -> None:
    kinds = Counter(one.id.kind for one in chosen.deletes)
    counted = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    ledger.note(
        f"{len(chosen.deletes)} of {len(inventory.entries)} objects that are recorded in"
        f" {store.namespace} are to be deleted{': ' if counted else ''}{counted}"
    )


def _left(inventory: Inventory, why: tuple[str, ...]) -> Failure:
    return Failure(
        sentence=f"{len(inventory.entries)} objects are still there: {'; '.join(why)}",
        fix="remove what holds them, and destroy the environment again",
    )
