"""Deletes what an environment describes no more, and shrinks its inventory by what is gone.

To be called after everything was applied and is healthy. What may go is decided in
core/deploy/prune.py. Nothing that goes wrong here loses anything: an object leaves the inventory
only when it was seen to be gone, or is not ours; the rest is tried again by the next deployment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.contents import is_container, occupied
from gitops_action.commands.deploy.push.inventory import (
    InventoryStore,
    former_labels,
    left_behind,
    lost_sight_of,
)
from gitops_action.commands.deploy.push.live import for_each, read_live, resource_of
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry, shrink
from gitops_action.core.deploy.order import deletion_waves
from gitops_action.core.deploy.prune import (
    Deletion,
    PrunePlan,
    PruneRequest,
    candidates,
    plan_prune,
)
from gitops_action.core.deploy.result import Action, Failure, ObjectResult
from gitops_action.core.manifests.fields import text, texts
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

# Deleting a wave of objects: in parallel, each by its UID, and confirmed.

ENDS = (errors.UnreachableError, errors.ExpiredError, errors.LeaseLostError, errors.StoppedError)
"""After these, nothing more is deleted: it could not be, or it is not for us to do any more."""
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_LEAST = 1.0
"""Seconds that every wave has, however long those before it took."""


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What came of a wave, or of several.

    Attributes:
        gone: confirmed.
        held: begun, and not gone within the time, each with what holds it.
        refused: each with the error.
        ended: why the rest was not tried any more; None when everything was.
    """

    gone: frozenset[ObjectId] = frozenset()
    held: Mapping[ObjectId, str] = field(default_factory=dict)
    refused: Mapping[ObjectId, GitOpsError] = field(default_factory=dict)
    ended: GitOpsError | None = None

    def and_then(self, later: Deleted) -> Deleted:
        """Both together."""
        return Deleted(
            gone=self.gone | later.gone,
            held={**self.held, **later.held},
            refused={**self.refused, **later.refused},
            ended=self.ended or later.ended,
        )


class Deleter:
    """Deletes waves, one after the other, within a time for all of them."""

    def __init__(self, run: TargetRun, lease: HeldLease, *, label: str, seconds: float) -> None:
        """Begin to count the time.

        Args:
            run: the environment on the cluster.
            lease: has to be ours before each delete.
            label: the value of our inventory label.
            seconds: to wait until everything is gone; beyond it, each wave has one more.
        """
        self._run = run
        self._lease = lease
        self._label = label
        self._deadline = run.clock.monotonic() + seconds
        self._ended: GitOpsError | None = None

    def wave(self, deletions: Sequence[Deletion]) -> Deleted:
        """Delete them and see that they are gone; errors are in the result."""
        tried = dict(zip(deletions, for_each(self._begin, deletions), strict=True))
        gone = frozenset(one.id for one, error in tried.items() if _is_gone(error))
        refused = {
            one.id: error
            for one, error in tried.items()
            if error is not None and not _is_gone(error) and not isinstance(error, ENDS)
        }
        begun = [one for one, error in tried.items() if error is None]
        for item in sorted(gone):
            self._told(item)
        done = Deleted(gone=gone, refused=refused, ended=self._ended)
        return done.and_then(_unconfirmed(begun) if self._ended else self._confirmed(begun))

    def left(self) -> float:
        """Seconds that are left to wait in."""
        return max(self._deadline - self._run.clock.monotonic(), _LEAST)

    def _begin(self, deletion: Deletion) -> GitOpsError | None:
        item = deletion.id
        try:
            self._may_go_on()
            resource = resource_of(self._run.cluster, deletion)
            self._run.cluster.delete(
                resource, namespace=item.namespace, name=item.name, uid=deletion.uid
            )
        except errors.NotFoundError:
            return None  # its kind is not served: reading it again shows what that means
        except GitOpsError as error:
            if isinstance(error, ENDS):
                self._ended = error
            return error
        return None

    def _may_go_on(self) -> None:
        if self._ended:
            raise self._ended
        if self._run.stop.is_set():
            raise errors.StoppedError("cancelled while objects were deleted", fix="run again")
        self._lease.check()

    def _confirmed(self, begun: Collection[Deletion]) -> Deleted:
        """Look until they are gone, ever more rarely, or until time is over."""
        deadline = self._run.clock.monotonic() + self.left()
        pause, left, gone = _FIRST_PAUSE, list(begun), frozenset[ObjectId]()
        try:
            while True:
                trusted = not self._run.environment.formerly  # those have another label
                live = read_live(self._run.cluster, left, label=self._label, trust_label=trusted)
                went = frozenset(one.id for one in left if one.id in live and _went(one, live))
                for item in sorted(went):
                    self._told(item)
                gone |= went
                left = [one for one in left if one.id not in went]
                over = self._run.clock.monotonic() >= deadline
                if not left or over or self._run.stop.wait(pause):
                    held = {one.id: _holding(live.get(one.id)) for one in left}
                    return Deleted(gone=gone, held=held)
                pause = min(pause * 2, _LONGEST_PAUSE)
        except errors.ClusterError as error:
            return Deleted(gone=gone, ended=error).and_then(_unconfirmed(left))

    def _told(self, item: ObjectId) -> None:
        self._run.teller.tell(Progress(text="deleted", object_id=item))


def _is_gone(error: GitOpsError | None) -> bool:
    return isinstance(error, errors.AlreadyGoneError)


def _went(deletion: Deletion, live: Mapping[ObjectId, LiveObject | None]) -> bool:
    """Whether this very object is gone; another of its name may stand there."""
    found = live[deletion.id]
    return found is None or text(found, "metadata", "uid") != deletion.uid


def _holding(live: LiveObject | None) -> str:
    finalizers = ", ".join(texts(live, "metadata", "finalizers")) if live is not None else ""
    return f"held by its finalizers: {finalizers}" if finalizers else "not gone in time"


def _unconfirmed(begun: Collection[Deletion]) -> Deleted:
    return Deleted(held={one.id: "its deletion could not be confirmed" for one in begun})


_NAMED = 10
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
            cancelled. The result then is that it could not be determined.
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
        former_managers=run.former_managers,
        former_labels=former_labels(run),
        moved={} if run.options.destroy else _moved(run, found),
        destroys=run.options.destroy,
    )
    first = plan_prune(request)
    containers = [one.id for one in first.deletes if is_container(one.id)]
    if not containers:
        return first
    going = frozenset(one.uid for one in first.deletes)
    held = occupied(run.cluster, containers, without=going)
    return plan_prune(replace(request, occupied=held)) if held else first


def _moved(run: TargetRun, found: Iterable[InventoryEntry]) -> dict[ObjectId, str]:
    moved = ((one.id, run.moves.to_environment(one.id)) for one in found)
    return {item: environment for item, environment in moved if environment}


def prune(
    run: TargetRun,
    plan: PrunePlan,
    inventory: Inventory,
    store: InventoryStore,
    lease: HeldLease,
) -> Pruned:
    """Delete what the plan says, and record what is gone, whatever happens on the way.

    Args:
        run: the environment on the cluster.
        plan: of `plan`, made in this run.
        inventory: the one that it was made from.
        store: where it is kept.
        lease: has to be ours before each delete.
    """
    deleter = Deleter(run, lease, label=store.label, seconds=run.options.prune_wait)
    done, kept = _delete(run, deleter, plan.deletes)
    shrunk = shrink(inventory, {*plan.forgotten, *done.gone})
    objects = _objects(plan, done, kept)
    return Pruned(
        objects=objects,
        inventory=shrunk,
        failures=_failures(plan, done),
        notes=(
            *_notes(plan),
            *(() if done.ended else staying(objects)),
            *_save(store, shrunk, done.ended),
            *lost_sight_of(run, store, inventory),
            *left_behind(run),
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
        except errors.ClusterError as error:
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


def staying(objects: Sequence[ObjectResult]) -> tuple[str, ...]:
    """A note for each object that is described no more and stays, and why."""
    rows = [one for one in objects if one.action is Action.SKIPPED]
    notes = [f"{one.id} stays: {one.note}" for one in rows[:_NAMED]]
    more = len(rows) - _NAMED
    return (
        (*notes, f"{more} more objects that are described no more stay") if more > 0 else (*notes,)
    )


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
    count = len(plan.gone)
    what = "1 object that is" if count == 1 else f"{count} objects that are"
    return (f"{what} described no more {'was' if count == 1 else 'were'} gone already",)


def _save(store: InventoryStore, shrunk: Inventory, ended: GitOpsError | None) -> tuple[str, ...]:
    """Record what is left; where that fails, the next run finds the gone ones gone."""
    if isinstance(ended, errors.LeaseLostError):
        return ()  # it is for the other run to write
    try:
        store.save(shrunk)
    except GitOpsError as error:
        told = f"what was deleted is still in the inventory: {_sentence(error)}"
        return (f"{told}; the next deployment finds it gone",)
    return ()
