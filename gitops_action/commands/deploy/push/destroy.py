"""Takes an environment down: deletes everything that was applied, dependents first.

Hooks that are meant for it run before anything is deleted, and after everything is.
"""

from __future__ import annotations

from collections import Counter

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.hook_plan import HookPlan
from gitops_action.commands.deploy.push.hooks import Hooks
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.deploy.push.prune import plan, prune, staying
from gitops_action.commands.deploy.push.recorded import InventoryKeeper, hand_over, with_former
from gitops_action.commands.deploy.results import Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.deploy.hooks import Phase
from gitops_action.core.deploy.inventory import Inventory, shrink
from gitops_action.core.deploy.prune import NAMESPACE, PrunePlan
from gitops_action.core.deploy.result import Action, Failure, ObjectResult
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_NOTHING: frozenset[ObjectId] = frozenset()


def show_destroy(
    run: TargetRun, ledger: Ledger, store: InventoryStore, inventory: Inventory
) -> None:
    """Enter into the ledger what would be deleted; nothing is."""
    chosen = plan(run, store, inventory, _NOTHING)
    hooks = _look(run, ledger, store, inventory, chosen)
    _announce(ledger, store, inventory, chosen)
    hooks.show()
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
        hooks = Hooks(run, ledger, _look(run, ledger, store, inventory, chosen))
        if ledger.has_failed():
            return
        _announce(ledger, store, inventory, chosen)
        store.save(inventory)
        hand_over(ledger, former)
        keeper = InventoryKeeper(ledger, store, lease)
        inventory = keeper.run_hooks(Phase.PRE_DELETE, hooks, inventory)
        if ledger.has_failed():
            return
        emptied = _delete(run, ledger, store, lease, shrink(inventory, hooks.deletion.deleted))
        if emptied is None:
            return
        inventory = keeper.run_hooks(Phase.POST_DELETE, hooks, emptied)
        left = shrink(inventory, hooks.deletion.deleted)
        if not ledger.has_failed() and not left.entries:
            store.remove()
        elif not ledger.has_failed():
            ledger.fail(_left(left, ("hooks that hold data are not deleted",)))


def _look(
    run: TargetRun, ledger: Ledger, store: InventoryStore, inventory: Inventory, chosen: PrunePlan
) -> HookPlan:
    """The hooks; what they need has to outlast the environment."""
    hooks = HookPlan(run, ledger, inventory, store.label, removal=True)
    hooks.look()
    hooks.take_all()
    going = {one.id.name for one in chosen.deletes if (one.id.group, one.id.kind) == NAMESPACE}
    for entry in hooks.entries(Phase.POST_DELETE):
        if entry.id.namespace in going:
            error = GitOpsError(
                f"{entry.id} cannot run after everything is deleted",
                cause=f"its namespace {entry.id.namespace} is deleted with the environment",
                fix="put it into a namespace that stays, or make it a pre-delete hook",
            )
            ledger.refused(entry.id, error)
    return hooks


def _delete(
    run: TargetRun, ledger: Ledger, store: InventoryStore, lease: HeldLease, inventory: Inventory
) -> Inventory | None:
    """Delete all that is recorded; gives the empty inventory, None where something is left."""
    done = prune(run, plan(run, store, inventory, _NOTHING), inventory, store, lease)
    ledger.set(*done.objects)
    ledger.note(*done.notes)
    ledger.fail(*done.failures)
    if done.ended is not None:
        ledger.end(done.ended)
        return None
    if done.inventory.entries:
        ledger.fail(_left(done.inventory, staying(done.objects)))
        return None
    return done.inventory


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
