"""Brings a cluster to what an environment describes, by server-side apply.

The story: hold the lease, read what was recorded and what lives, find what differs, make sure that
all of it may be written and that the API server would take it, record what is about to be ours,
write it stage by stage, record what was confirmed, wait until everything is healthy, prune what is
described no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.apply import Writer
from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.push.destroy import destroy, show_destroy
from gitops_action.commands.deploy.push.dry_run import apply_changes
from gitops_action.commands.deploy.push.former import hand_over, with_former
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.deploy.push.preflight import Ahead, look_ahead
from gitops_action.commands.deploy.push.prune import plan, prune
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, WaitResult, wait_healthy
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.compare import described
from gitops_action.core.deploy.diff import diff_objects
from gitops_action.core.deploy.inventory import Inventory, recorded, union
from gitops_action.core.deploy.objects import Placed
from gitops_action.core.deploy.prune import PrunePlan
from gitops_action.core.deploy.result import Action, ObjectResult, TargetResult
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.errors import GitOpsError

# What a dry run shows: the difference from live to described, and what would be pruned.


def show(
    run: TargetRun, ledger: Ledger, store: InventoryStore, inventory: Inventory, ahead: Ahead
) -> None:
    """Enter into the ledger what would be done; nothing is written.

    Raises:
        ClusterError: the cluster does not answer.
    """
    for change in ahead.write:
        action = Action.CREATED if change.live is None else Action.CONFIGURED
        note = "deleted and made anew" if change.recreate else ""
        ledger.set(ObjectResult(id=change.placed.id, action=action, note=note))
    written = [change.placed for change in ahead.write]
    before = [_manifest(one, ahead.before[one.id]) for one in written if one.id in ahead.before]
    after = [_manifest(one, _answer(one, ahead.answers)) for one in written]
    ledger.differ(diff_objects(before, after))
    chosen = plan(run, store, inventory, ahead.described)
    _show_prune(ledger, chosen)


def _show_prune(ledger: Ledger, chosen: PrunePlan) -> None:
    rows = (ObjectResult(id=one.id, action=Action.PRUNED) for one in chosen.deletes)
    ledger.set(*rows)
    ledger.note(*(f"{keep.id} would stay: {keep.reason}" for keep in chosen.kept))
    if chosen.refusal is not None:
        ledger.refused(None, chosen.refusal)


def _answer(placed: Placed, answers: Mapping[ObjectId, LiveObject]) -> Body:
    """How it would look; what could not be tried is shown as it is described."""
    return answers.get(placed.id, placed.body)


def _manifest(placed: Placed, body: Body) -> Manifest:
    return Manifest(
        id=placed.id,
        version=placed.resource.version,
        body=described(body),
        origin=placed.manifest.origin,
    )


_SCALERS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})


def deploy_by_push(run: TargetRun) -> TargetResult:
    """Deploy, or with `dry_run` show what would be done.

    What the cluster refuses is in the result. When anything is refused before the first write,
    nothing was written at all; when something fails later, the next run goes on from there.
    """
    ledger = Ledger(run)
    try:
        if run.options.dry_run:
            _show(run, ledger)
        else:
            deploy = destroy if run.options.destroy else _push
            deploy(run, ledger)
    except ENDS as error:
        ledger.end(error)
    except GitOpsError as error:
        ledger.refused(None, error)
    return ledger.result()


def _push(run: TargetRun, ledger: Ledger) -> None:
    with held(run) as lease:
        _Push(run, ledger, lease).story()


def _show(run: TargetRun, ledger: Ledger) -> None:
    store = InventoryStore.of(run)
    inventory = with_former(store.load(), InventoryStore.former(run))
    if run.options.destroy:
        show_destroy(run, ledger, store, inventory)
        return
    ahead = look_ahead(run, ledger, inventory, label=store.label)
    if ahead is not None:
        show(run, ledger, store, inventory, ahead)


class _Push:
    """One run that writes."""

    def __init__(self, run: TargetRun, ledger: Ledger, lease: HeldLease) -> None:
        self.run = run
        self.ledger = ledger
        self.lease = lease
        self.store = InventoryStore.of(run)
        self.former = InventoryStore.former(run)
        self.writer = Writer(run, ledger, lease)

    def story(self) -> None:
        inventory = with_former(self.store.load(), self.former)
        ahead = look_ahead(self.run, self.ledger, inventory, label=self.store.label)
        if ahead is None or self.ledger.has_failed():
            return
        inventory = self._write(ahead, inventory)
        hand_over(self.ledger, self.former)
        if self.ledger.has_failed():
            return
        if self._wait(ahead):
            self._prune(ahead, inventory)

    def _write(self, ahead: Ahead, inventory: Inventory) -> Inventory:
        """Record what is about to be ours, write, record what was confirmed; whatever happens."""
        inventory = union(inventory, (one.entry() for one in ahead.objects))
        if ahead.write:
            self.writer.may_go_on()
            self.store.save(inventory)
        try:
            self.writer.write(ahead.write)
        except ENDS as error:
            self.ledger.end(error)
            self._record_what_can_be(inventory, ahead)
            raise
        done = self._confirmed(inventory, ahead)
        if not self.ledger.has_failed():
            done = replace(done, commit=self.run.commit)
        self.lease.check()
        self.store.save(done)
        return done

    def _confirmed(self, inventory: Inventory, ahead: Ahead) -> Inventory:
        return recorded(inventory, (*ahead.confirmed, *self.writer.confirmed))

    def _record_what_can_be(self, inventory: Inventory, ahead: Ahead) -> None:
        """UIDs that are not recorded would never be pruned; where it fails, they are read again."""
        try:
            self.lease.check()
            self.store.save(self._confirmed(inventory, ahead))
        except GitOpsError as error:
            self.ledger.note(f"what was written could not be recorded: {error.title}")

    def _wait(self, ahead: Ahead) -> bool:
        """Wait for health; whether there is any doubt left that everything is well."""
        live = {**ahead.live, **self.writer.live}
        awaited = [
            Awaited(
                id=one.id,
                version=one.resource.version,
                desired=one.body,
                live=live.get(one.id),
            )
            for one in ahead.objects
        ]
        self.run.teller.phase(f"Wait until {len(awaited)} objects are healthy")
        waited = wait_healthy(self.run, awaited, timeout=self.run.timeout)
        self._enter(waited)
        return waited.ending is Ending.HEALTHY

    def _enter(self, waited: WaitResult) -> None:
        self.ledger.note(*waited.notes)
        self.ledger.set(
            *(
                replace(self.ledger.row(one.id), health=one.health, seconds=one.seconds)
                for one in waited.objects
            )
        )
        if waited.ending is Ending.UNKNOWN:
            self.ledger.untold(*waited.failures)
        else:
            self.ledger.fail(*waited.failures)

    def _prune(self, ahead: Ahead, inventory: Inventory) -> None:
        self.writer.may_go_on()
        chosen = plan(self.run, self.store, inventory, ahead.described)
        done = prune(self.run, chosen, inventory, self.store, self.lease)
        self.ledger.set(*done.objects)
        self.ledger.note(*done.notes)
        self.ledger.fail(*done.failures)
        if done.ended is not None:
            self.ledger.end(done.ended)
            return
        gone = {one.id for one in done.objects if one.action is Action.PRUNED}
        if any(one.kind in _SCALERS for one in gone):
            self._unscale(ahead)

    def _unscale(self, ahead: Ahead) -> None:
        """Set replicas again: until it was pruned, an autoscaler may have changed them."""
        changes = [
            Change(placed=one, live=None, certain=True, force=True) for one in ahead.unscaled
        ]
        for change, done in apply_changes(self.run, changes):
            if done.error is not None:
                self.ledger.refused(change.placed.id, done.error)
