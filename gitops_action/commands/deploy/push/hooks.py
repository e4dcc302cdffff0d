"""Runs hooks: objects that do their work before, beside or after what is applied.

A hook stays in the inventory, so that it is removed once it is described no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.dry_run import apply_changes
from gitops_action.commands.deploy.push.hook_deletion import HookDeletion, PlannedHook
from gitops_action.commands.deploy.push.hook_plan import TITLES, HookPlan
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, wait_healthy
from gitops_action.core.cluster.errors import StoppedError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.config import KindRule
from gitops_action.core.deploy.hooks import Phase
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.deploy.result import Action
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_POD_ENDS = KindRule(
    group="",
    kind="Pod",
    current="has(status.phase) && status.phase == 'Succeeded'",
    failed="has(status.phase) && status.phase == 'Failed'",
)
"""A pod that is a hook has to end; a ready one is only on its way."""
_FOR_FAILURE = timedelta(seconds=60)
"""What hooks of a failed deployment have at least, however long it took before."""
_NOTHING_DONE = {
    Phase.PRE: "a pre hook has failed: nothing else was changed",
    Phase.PRE_DELETE: "a pre-delete hook has failed: nothing was deleted",
}
_SHARED_TIME = frozenset({Phase.PRE, Phase.SYNC, Phase.POST})
"""The hooks that have what is left of the deployment's time."""


class Hooks:
    """The hooks of a plan, which run phase by phase.

    Attributes:
        plan: which of them run.
        deletion: what was deleted after its run.
        confirmed: entries for the inventory: a hash stands for success with that content.
        seconds: spent on waiting for hooks.
    """

    def __init__(self, run: TargetRun, ledger: Ledger, plan: HookPlan) -> None:
        """Nothing runs yet."""
        self._run = run
        self._ledger = ledger
        self.plan = plan
        self.deletion = HookDeletion(run, ledger, removal=plan.removal)
        self.confirmed: dict[ObjectId, InventoryEntry] = {}
        self.seconds = 0.0

    def run(self, phase: Phase, lease: HeldLease, *, wave: int | None = None) -> bool:
        """Run the hooks of a phase; whether all have succeeded.

        Args:
            phase: which; `sync` hooks belong to a wave.
            lease: has to be ours before each write.
            wave: of the hooks; None for all.

        Raises:
            ClusterError: the cluster is away, the credentials or the lease have run out.
            StoppedError: the job was cancelled.
        """
        groups = self.plan.groups(phase, wave)
        ran: list[PlannedHook] = []
        good = True
        for group in groups:
            self._may_go_on(lease)
            self._run.teller.phase(f"Run {len(group)} {TITLES[phase]}")
            ran += group
            good = self._group(phase, group)
            if not good:
                break
        self.deletion.after(ran, self.confirmed, succeeded=good)
        if not good and phase in _NOTHING_DONE:
            self._ledger.note(_NOTHING_DONE[phase])
        return good

    def _group(self, phase: Phase, group: Sequence[PlannedHook]) -> bool:
        """Make the objects of a group and wait until each has done its work."""
        made = [one for one in group if self.deletion.before(one)]
        live: dict[ObjectId, LiveObject] = {}
        ended: GitOpsError | None = None
        for change, done in apply_changes(self._run, [one.change for one in made]):
            item = change.placed.id
            if done.live is not None:
                live[item] = done.live
                uid = text(done.live, "metadata", "uid")
                self.confirmed[item] = replace(change.placed.entry(uid), hash="")
                self._ledger.wrote(item, Action.CREATED, self.plan.note(item))
            elif isinstance(done.error, ENDS):
                ended = done.error
            elif not done.tried:
                ended = ended or StoppedError("cancelled while hooks were run", fix="run again")
            else:
                error = done.error or GitOpsError(f"{item} was not made")
                error.location = error.location or change.placed.manifest.origin
                self._ledger.refused(item, error)
        if ended is not None:
            raise ended
        if len(live) < len(group):
            return False
        return self._succeeded(phase, group, live)

    def _succeeded(
        self, phase: Phase, group: Sequence[PlannedHook], live: dict[ObjectId, LiveObject]
    ) -> bool:
        started = self._run.clock.monotonic()
        awaited = [
            Awaited(
                id=one.id,
                version=one.placed.resource.version,
                desired=one.placed.body,
                live=live[one.id],
            )
            for one in group
        ]
        waited = wait_healthy(_ending_run(self._run), awaited, timeout=self._left(phase))
        self.seconds += self._run.clock.monotonic() - started
        self._ledger.note(*waited.notes)
        for found in waited.objects:
            row = self._ledger.row(found.id)
            self._ledger.set(replace(row, health=found.health, seconds=found.seconds))
        if waited.ending is Ending.HEALTHY:
            for one in group:
                self.confirmed[one.id] = replace(self.confirmed[one.id], hash=one.placed.hash)
            return True
        if waited.ending is Ending.UNKNOWN:
            sentence = waited.failures[0].sentence if waited.failures else ""
            raise StoppedError(sentence or "whether a hook has succeeded could not be determined")
        self._ledger.fail(*waited.failures)
        return False

    def _left(self, phase: Phase) -> timedelta:
        left = self._run.timeout - timedelta(seconds=self.seconds)
        least = timedelta(seconds=1) if phase in _SHARED_TIME else _FOR_FAILURE
        return max(left, least)

    def _may_go_on(self, lease: HeldLease) -> None:
        if self._run.stop.is_set():
            raise StoppedError("cancelled while hooks were run", fix="run again")
        lease.check()


def _ending_run(run: TargetRun) -> TargetRun:
    """The run with the rule for pods that have to end; the configuration's own come first."""
    health = run.environment.deploy.health
    kinds = (*health.kinds, _POD_ENDS)
    deploy = replace(run.environment.deploy, health=replace(health, kinds=kinds))
    return replace(run, environment=replace(run.environment, deploy=deploy))
