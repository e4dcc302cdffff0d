"""Deploys what an environment describes, by server-side apply.

The story: hold the lease, read what was recorded and what lives, find what differs, make sure that
all of it may be written and that the API server would take it, record what is about to be ours,
run the pre hooks, write wave by wave and stage by stage, record what was confirmed, wait until
everything is healthy, run the post hooks, prune what is described no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.apply import ObjectWriter
from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.push.destroy import destroy, show_destroy
from gitops_action.commands.deploy.push.dry_run import apply_changes
from gitops_action.commands.deploy.push.hook_plan import HookPlan
from gitops_action.commands.deploy.push.hooks import Hooks
from gitops_action.commands.deploy.push.inventory import InventoryStore
from gitops_action.commands.deploy.push.lease import held
from gitops_action.commands.deploy.push.preflight import Ahead, look_ahead
from gitops_action.commands.deploy.push.prune import plan, prune
from gitops_action.commands.deploy.push.recorded import InventoryKeeper, hand_over, with_former
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, WaitResult, wait_healthy
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.compare import described
from gitops_action.core.deploy.diff import diff_objects
from gitops_action.core.deploy.hooks import Phase, wave_of
from gitops_action.core.deploy.inventory import Inventory, recorded, union
from gitops_action.core.deploy.objects import Placed
from gitops_action.core.deploy.prune import NAMESPACE, PrunePlan
from gitops_action.core.deploy.result import Action, ObjectResult, TargetResult
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.redaction.values import without_values_of
from gitops_action.errors import GitOpsError

# What a dry run shows: the difference from live to described, and what would be pruned.


def show(  # noqa: PLR0913 - what is decided, and where it is kept
    run: TargetRun,
    ledger: Ledger,
    store: InventoryStore,
    inventory: Inventory,
    ahead: Ahead,
    *,
    hooks: frozenset[ObjectId] = frozenset(),
) -> None:
    """Enter into the ledger what would be done; nothing is written.

    Args:
        run: the environment on the cluster.
        ledger: where it is entered.
        store: of the inventory.
        inventory: as recorded.
        ahead: what was found.
        hooks: what is described beside it.

    Raises:
        ClusterError: the cluster does not answer.
    """
    for change in ahead.write:
        action = Action.CREATED if change.live is None else Action.CONFIGURED
        note = "deleted and recreated" if change.recreate else ""
        ledger.set(ObjectResult(id=change.placed.id, action=action, note=note))
    written = [change.placed for change in ahead.write]
    before = [_manifest(one, ahead.before[one.id]) for one in written if one.id in ahead.before]
    after = [_manifest(one, _answer(one, ahead.answers)) for one in written]
    read = (*(one.body for one in ahead.objects), *ahead.before.values(), *ahead.live.values())
    secrets = without_values_of(read)  # a person may have copied one into another object
    differences = diff_objects(before, after)
    ledger.differ(tuple(replace(one, text=secrets.clean(one.text)) for one in differences))
    chosen = plan(run, store, inventory, hooks | ahead.described)
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


_LEAST = timedelta(seconds=1)
"""What is already healthy is seen to be, also when all time was spent before."""
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
    hooks = HookPlan(run, ledger, inventory, store.label)
    ahead = _look(run, ledger, inventory, hooks, label=store.label)
    if ahead is not None:
        hooks.show()
        show(run, ledger, store, inventory, ahead, hooks=hooks.described)


def _look(
    run: TargetRun, ledger: Ledger, inventory: Inventory, hooks: HookPlan, *, label: str
) -> Ahead | None:
    """Look at hooks and at what is applied, and choose which hooks run."""
    if not run.rendering.applied:
        ledger.note("the environment describes no object at all")
    hooks.look()
    ahead = look_ahead(hooks.ordinary, ledger, inventory, label=label)
    if ahead is not None:
        hooks.decide(ahead)
    return ahead


class _Push:
    """One run that writes."""

    def __init__(self, run: TargetRun, ledger: Ledger, lease: HeldLease) -> None:
        self.run = run
        self.ledger = ledger
        self.lease = lease
        self.store = InventoryStore.of(run)
        self.former = InventoryStore.former(run)
        self.keeper = InventoryKeeper(ledger, self.store, lease)
        self.writer = ObjectWriter(run, ledger, lease)
        self.in_doubt = False
        self.waited = 0.0

    def story(self) -> None:
        inventory = with_former(self.store.load(), self.former)
        planned = HookPlan(self.run, self.ledger, inventory, self.store.label)
        ahead = _look(self.run, self.ledger, inventory, planned, label=self.store.label)
        if ahead is None or self.ledger.has_failed():
            return
        hooks = Hooks(self.run, self.ledger, planned)
        inventory = self._write(ahead, inventory, hooks)
        hand_over(self.ledger, self.former)
        if self._sound() and self._wait(ahead.objects, ahead, hooks):
            inventory = self.keeper.run_hooks(Phase.POST, hooks, inventory)
        if self.ledger.has_failed():
            self.keeper.run_hooks(Phase.FAILURE, hooks, inventory)
        elif self._sound():
            self._prune(ahead, inventory, planned.described)

    def _sound(self) -> bool:
        """Nothing has failed so far, and nothing is in doubt."""
        return not self.in_doubt and not self.ledger.has_failed()

    def _write(self, ahead: Ahead, inventory: Inventory, hooks: Hooks) -> Inventory:
        """Record what is about to be ours, write, record what was confirmed; whatever happens."""
        inventory = union(inventory, (one.entry() for one in ahead.objects))
        inventory = recorded(inventory, hooks.plan.entries(Phase.PRE, Phase.SYNC))
        if ahead.write or hooks.plan.due:
            self.writer.may_go_on()
            self.store.save(inventory)
        try:
            self._apply(ahead, hooks)
        except ENDS as error:
            self.ledger.end(error)
            self.keeper.save_what_can_be(self._confirmed(inventory, ahead, hooks))
            raise
        done = self._confirmed(inventory, ahead, hooks)
        if self._sound():
            done = replace(done, commit=self.run.commit)
        self.keeper.save(done)
        return done

    def _apply(self, ahead: Ahead, hooks: Hooks) -> None:
        """Pre hooks, then wave after wave; each is healthy before the next one begins."""
        needed = [one for one in ahead.write if _is_namespace(one, hooks.plan.namespaces())]
        self.writer.write(needed)
        if self.ledger.has_failed() or not hooks.run(Phase.PRE, self.lease):
            return
        done = {id(one) for one in needed}
        changes = [one for one in ahead.write if id(one) not in done]
        numbers = {wave_of(one.body) for one in ahead.objects} | hooks.plan.waves()
        for number in sorted(numbers):
            self.writer.write([one for one in changes if wave_of(one.placed.body) == number])
            if self.ledger.has_failed() or not hooks.run(Phase.SYNC, self.lease, wave=number):
                return
            if number == max(numbers):
                return
            members = [one for one in ahead.objects if wave_of(one.body) == number]
            if not self._wait(members, ahead, hooks):
                return

    def _confirmed(self, inventory: Inventory, ahead: Ahead, hooks: Hooks) -> Inventory:
        done = (*ahead.confirmed, *self.writer.confirmed, *hooks.confirmed.values())
        return recorded(inventory, done)

    def _wait(self, objects: Sequence[Placed], ahead: Ahead, hooks: Hooks) -> bool:
        """Wait for health within what is left of the time; whether everything is well."""
        live = {**ahead.live, **self.writer.live}
        awaited = [
            Awaited(
                id=one.id,
                version=one.resource.version,
                desired=one.body,
                live=live.get(one.id),
            )
            for one in objects
        ]
        self.run.teller.phase(f"Wait until {len(awaited)} objects are healthy")
        started = self.run.clock.monotonic()
        left = self.run.timeout - timedelta(seconds=self.waited + hooks.seconds)
        waited = wait_healthy(self.run, awaited, timeout=max(left, _LEAST))
        self.waited += self.run.clock.monotonic() - started
        self._enter(waited)
        self.in_doubt = waited.ending is not Ending.HEALTHY
        return not self.in_doubt

    def _enter(self, waited: WaitResult) -> None:
        self.ledger.note(*waited.notes)
        self.ledger.set(
            *(
                replace(self.ledger.row(one.id), health=one.health, seconds=one.seconds)
                for one in waited.objects
            )
        )
        if waited.ending is Ending.UNKNOWN:
            self.ledger.undetermined(*waited.failures)
        else:
            self.ledger.fail(*waited.failures)

    def _prune(self, ahead: Ahead, inventory: Inventory, hooks: frozenset[ObjectId]) -> None:
        self.writer.may_go_on()
        chosen = plan(self.run, self.store, inventory, hooks | ahead.described)
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


def _is_namespace(change: Change, names: frozenset[str]) -> bool:
    item = change.placed.id
    return (item.group, item.kind) == NAMESPACE and item.name in names
