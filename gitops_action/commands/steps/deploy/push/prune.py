"""Deletes what an environment describes no more, and shrinks its inventory by what is gone.

To be called after everything was applied and is healthy. What may go is decided in
core/deploy/prune.py. Nothing that goes wrong here loses anything: an object leaves the inventory
only when it was seen to be gone, or is not ours; the rest is tried again by the next deployment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from gitops_action.commands.cluster_ports import HeldLease
from gitops_action.commands.steps.deploy.push.candidates import read_live
from gitops_action.commands.steps.deploy.push.deletion import Deleted, Deleter
from gitops_action.commands.steps.deploy.push.inventory import InventoryStore
from gitops_action.commands.steps.deploy.push.lost import lost_sight_of
from gitops_action.commands.steps.deploy.push.occupied import is_container, occupied
from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.cluster.errors import ClusterError, LeaseLostError
from gitops_action.core.deploy.order import deletion_waves
from gitops_action.core.deploy.prune import (
    Deletion,
    PrunePlan,
    PruneRequest,
    candidates,
    plan_prune,
)
from gitops_action.core.deploy.result import Action, Failure, ObjectResult
from gitops_action.core.inventory import Inventory, shrink
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

SECONDS = 60.0
"""How long deleted objects may take to be gone, all together."""
_SETTLE = 0.5
"""Seconds between two looks into a namespace whose objects are only just going."""


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """What pruning came to.

    Attributes:
        objects: each object that is described no more; those that were gone already are left out.
        inventory: what is recorded now, or has to be by the next run where saving failed.
        failures: the refusal of the whole, and deletes that the cluster refused.
        notes: what a person should know.
        ended: why it ended before its end: cluster away, credentials run out, lease lost,
            cancelled. The result then is that it could not be told.
    """

    objects: tuple[ObjectResult, ...]
    inventory: Inventory
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    ended: GitOpsError | None = None


def plan(
    run: TargetRun, store: InventoryStore, inventory: Inventory, desired: Collection[ObjectId]
) -> PrunePlan:
    """Decide what may go; reads only, so it also serves a dry run.

    Args:
        run: the environment on the cluster.
        store: whose label counts.
        inventory: as recorded, this run's applies included.
        desired: everything that the environment describes, namespaces filled in.

    Raises:
        UnreachableError: the cluster is away.
        ExpiredError: the credentials have run out.
    """
    found = candidates(inventory, desired)
    if not found:
        return PrunePlan()
    request = PruneRequest(
        inventory=inventory,
        desired=desired,
        live=read_live(run.cluster, found, label=store.label),
        manager=run.manager,
        label=store.label,
        budget=run.environment.deploy.prune,
        confirmed=run.options.confirm_prune,
    )
    first = plan_prune(request)
    containers = [one.id for one in first.deletes if is_container(one.id)]
    if not containers:
        return first
    going = frozenset(one.uid for one in first.deletes)
    held = occupied(run.cluster, containers, without=going)
    return plan_prune(replace(request, occupied=held)) if held else first


def prune(  # noqa: PLR0913 - what is decided, and all that it changes
    run: TargetRun,
    plan: PrunePlan,
    inventory: Inventory,
    store: InventoryStore,
    lease: HeldLease,
    *,
    seconds: float = SECONDS,
) -> Pruned:
    """Delete what the plan says, and record what is gone, whatever happens on the way.

    Args:
        run: the environment on the cluster.
        plan: of `plan`, made in this run.
        inventory: the one that it was made from.
        store: where it is kept.
        lease: has to be ours before each delete.
        seconds: how long deleted objects may take to be gone, all together.
    """
    deleter = Deleter(run, lease, label=store.label, seconds=seconds)
    done, kept = _delete(run, deleter, plan.deletes)
    shrunk = shrink(inventory, {*plan.forgotten, *done.gone})
    return Pruned(
        objects=_objects(plan, done, kept),
        inventory=shrunk,
        failures=_failures(plan, done),
        notes=(
            *_notes(plan),
            *_save(store, shrunk, done.ended),
            *lost_sight_of(run, store, inventory),
        ),
        ended=done.ended,
    )


def _delete(
    run: TargetRun, deleter: Deleter, deletes: Sequence[Deletion]
) -> tuple[Deleted, dict[ObjectId, str]]:
    """Wave after wave; namespaces and definitions only when nothing is left in them."""
    done, kept = Deleted(), dict[ObjectId, str]()
    if deletes:
        run.teller.phase(f"Prune {len(deletes)} objects")
    for wave in deletion_waves(deletes, lambda one: one.id):
        try:
            filled = _filled(run, deleter, [one.id for one in wave], deletes)
        except ClusterError as error:
            return done.and_then(Deleted(ended=error)), kept
        kept |= {one.id: filled[one.id.name] for one in wave if one.id.name in filled}
        done = done.and_then(deleter.wave([one for one in wave if one.id not in kept]))
        if done.ended:
            break
    return done, kept


def _filled(
    run: TargetRun, deleter: Deleter, wave: Iterable[ObjectId], deletes: Iterable[Deletion]
) -> dict[str, str]:
    """What still holds something; what only just goes gets the time to."""
    containers = [one for one in wave if is_container(one)]
    going = frozenset(one.uid for one in deletes if is_container(one.id))
    held = occupied(run.cluster, containers, without=going) if containers else {}
    until = run.clock.monotonic() + deleter.left()
    while held and run.clock.monotonic() < until and not run.stop.wait(_SETTLE):
        held = occupied(run.cluster, containers, without=going)
    return held


def _objects(plan: PrunePlan, done: Deleted, kept: dict[ObjectId, str]) -> tuple[ObjectResult, ...]:
    found = [ObjectResult(id=k.id, action=Action.SKIPPED, note=k.reason) for k in plan.kept]
    found += [_object(one.id, done, kept) for one in plan.deletes]
    return tuple(sorted(found, key=lambda one: one.id))


def _object(item: ObjectId, done: Deleted, kept: dict[ObjectId, str]) -> ObjectResult:
    if item in done.gone:
        return ObjectResult(id=item, action=Action.PRUNED)
    if item in done.refused:
        return ObjectResult(id=item, action=Action.FAILED, note=done.refused[item].title)
    if item in kept:
        note = f"it still holds {kept[item]}"
    elif item in done.held:
        note = f"being deleted, {done.held[item]}; the next deployment tries again"
    else:
        note = "not deleted: pruning ended before; the next deployment tries again"
    return ObjectResult(id=item, action=Action.SKIPPED, note=note)


def _failures(plan: PrunePlan, done: Deleted) -> tuple[Failure, ...]:
    refusal = plan.refusal
    whole = [Failure(sentence=_sentence(refusal), fix=refusal.fix)] if refusal else []
    single = [
        Failure(sentence=_sentence(error), object_id=item, fix=error.fix)
        for item, error in sorted(done.refused.items())
    ]
    return (*whole, *single)


def _sentence(error: GitOpsError) -> str:
    return f"{error.title}: {error.cause}" if error.cause else error.title


def _notes(plan: PrunePlan) -> tuple[str, ...]:
    if not plan.gone:
        return ()
    return (f"{len(plan.gone)} objects that are described no more were gone already",)


def _save(store: InventoryStore, shrunk: Inventory, ended: GitOpsError | None) -> tuple[str, ...]:
    """Record what is left; where that fails, the next run finds the gone ones gone."""
    if isinstance(ended, LeaseLostError):
        return ()  # it is for the other run to write
    try:
        store.save(shrunk)
    except GitOpsError as error:
        told = f"what was deleted is still in the inventory: {_sentence(error)}"
        return (f"{told}; the next deployment finds it gone",)
    return ()
