"""Runs hooks: objects that do their work before, beside or after what is applied.

A hook runs when the deployment changes something, or when it has not succeeded yet with the content
that is described now. Its object is deleted before it is made again, and afterwards as its policies
say. It stays in the inventory, so that it is removed once it is described no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.apply import remove
from gitops_action.commands.deploy.push.changes import Change, foreign
from gitops_action.commands.deploy.push.dry_run import NEVER_RECREATED, apply_changes
from gitops_action.commands.deploy.push.inventory import former_labels
from gitops_action.commands.deploy.push.live import look
from gitops_action.commands.deploy.push.preflight import Ahead
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, wait_healthy
from gitops_action.core.cluster.errors import DryRunUnsupportedError, NotFoundError, StoppedError
from gitops_action.core.cluster.model import LiveObject, Right
from gitops_action.core.config import KindRule
from gitops_action.core.deploy.hooks import (
    AT_REMOVAL,
    DEPLOYMENT,
    REMOVAL,
    DeletePolicy,
    Hook,
    Parts,
    Phase,
    in_order,
    is_hook,
    release_of,
    split,
)
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.objects import INVENTORY_LABEL, ClusterState, Placed, place, sealed
from gitops_action.core.deploy.order import is_custom
from gitops_action.core.deploy.result import Action, ObjectResult
from gitops_action.core.manifests.fields import labels, mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.errors import GitOpsError

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_ENDS_BY_ITSELF = frozenset({("", "Pod"), ("batch", "Job")})
"""Kinds that run once: what is left of an earlier run has to go first."""
_POD_ENDS = KindRule(
    group="",
    kind="Pod",
    current="has(status.phase) && status.phase == 'Succeeded'",
    failed="has(status.phase) && status.phase == 'Failed'",
)
"""A pod that is a hook has to end; a ready one is only on its way."""
_FOR_FAILURE = timedelta(seconds=60)
"""What hooks of a failed deployment have at least, however long it took before."""
_LONGEST_NAME = 50


@dataclass(frozen=True, kw_only=True)
class PlannedHook:
    """A hook as it is described, and what is left of its last run."""

    placed: Placed
    hook: Hook
    live: LiveObject | None

    @property
    def id(self) -> ObjectId:
        """Which object."""
        return self.placed.id


class Hooks:
    """The hooks of one environment in one run.

    Attributes:
        parts: the objects of the environment by what their annotations say.
        confirmed: entries for the inventory: a hash stands for success with that content.
        deleted: what was deleted after its run.
        seconds: spent on waiting for hooks.
    """

    def __init__(
        self,
        run: TargetRun,
        ledger: Ledger,
        inventory: Inventory,
        label: str,
        *,
        removal: bool = False,
    ) -> None:
        """Find the hooks; `look` reads what is left of them in the cluster.

        Args:
            run: the environment on the cluster.
            ledger: where everything is entered.
            inventory: as recorded.
            label: the value of our inventory label.
            removal: those that run when the environment is taken down, of which nothing stays.
        """
        self._run = run
        self._ledger = ledger
        self._inventory = inventory
        self._label = label
        self._planned: tuple[PlannedHook, ...] = ()
        self._due: tuple[PlannedHook, ...] = ()
        self._skipped: tuple[Placed, ...] = ()
        self._installing: frozenset[ObjectId] = frozenset()
        self.parts: Parts = split(run.rendering.applied)
        self._removal = removal
        self._phases = REMOVAL if removal else DEPLOYMENT
        self._hooks = self.parts.removal if removal else self.parts.hooks
        self.confirmed: dict[ObjectId, InventoryEntry] = {}
        self.deleted: set[ObjectId] = set()
        self.seconds = 0.0

    @property
    def described(self) -> frozenset[ObjectId]:
        """What is not pruned: hooks, and what a deployment does not apply."""
        return frozenset(
            one.id for one in (*self._skipped, *(each.placed for each in self._planned))
        )

    @property
    def due(self) -> bool:
        """Whether some hook is to run before or beside what is applied."""
        return bool(self.entries(Phase.PRE, Phase.SYNC))

    @property
    def ordinary(self) -> TargetRun:
        """The run with what is simply applied."""
        if len(self.parts.ordinary) == len(self._run.rendering.applied):
            return self._run
        rendering = replace(self._run.rendering, manifests=self.parts.ordinary)
        return replace(self._run, rendering=rendering)

    def look(self) -> None:
        """Read what lives of the hooks, and make sure that they may and can be made.

        Raises:
            ClusterError: the cluster does not answer.
        """
        for problem in self.parts.problems:
            self._ledger.refused(None, problem)
        self._ledger.note(*self.parts.notices)
        if not self._removal:
            self._skip()
        if not self._hooks or self.parts.problems:
            return
        placed = self._placed([manifest for manifest, _ in self._hooks])
        self._ledger.open(placed)
        live = look(self._run.cluster, placed)
        hooks = {id(manifest): hook for manifest, hook in self._hooks}
        self._planned = tuple(
            PlannedHook(placed=one, hook=hooks[id(one.manifest)], live=live.objects.get(one.id))
            for one in placed
            if id(one.manifest) in hooks
        )
        self._refuse_foreign()
        self._refuse_denied()
        if not self._ledger.has_failed():
            self._try()

    def decide(self, ahead: Ahead) -> None:
        """Choose what runs: after `look`, once it is known whether anything else changes.

        An account or a setting that its policy has deleted is made again for the hooks that run.
        """
        changes = bool(ahead.write)
        there = {*ahead.live, *(one.placed.id for one in ahead.write if one.live is not None)}
        self._installing = frozenset(
            one.id for one in self._planned if self._is_new_release(one, ahead.objects, there)
        )
        runs = {one.id: found for one in self._planned if (found := self._phases_of(one))}
        due = {
            one.id
            for one in self._planned
            if one.id in runs
            and (changes or runs[one.id] == [Phase.FAILURE] or not self._has_succeeded(one))
        }
        due |= self._gone_beside(due, runs)
        for one in self._planned:
            if one.id not in due:
                self._set(one, Action.SKIPPED, self._why_not(one, runs.get(one.id, [])))
        self._due = tuple(one for one in self._planned if one.id in due)

    def _gone_beside(
        self, due: Collection[ObjectId], runs: Mapping[ObjectId, Sequence[Phase]]
    ) -> set[ObjectId]:
        busy = {phase for item in due for phase in runs[item] if phase is not Phase.FAILURE}
        return {
            one.id
            for one in self._planned
            if one.live is None and not _runs_once(one) and busy & set(runs.get(one.id, ()))
        }

    def take_all(self) -> None:
        """All of them run: after `look`, when the environment is taken down."""
        self._due = self._planned

    def _has_succeeded(self, one: PlannedHook) -> bool:
        """Whether its last run has, with the content that is described now, and left what it made.

        What ends by itself may be gone since, and what its policy deletes has to be.
        """
        recorded = self._inventory.entries.get(one.id)
        same = recorded is not None and bool(recorded.hash) and recorded.hash == one.placed.hash
        may_be_gone = _runs_once(one) or DeletePolicy.SUCCEEDED in one.hook.policies
        return same and (one.live is not None or may_be_gone)

    def show(self) -> None:
        """Say what would run, and in which order."""
        for phase in self._phases:
            names = [str(one.id) for group in self._groups(phase, None) for one in group]
            if not names:
                continue
            self._ledger.note(f"{_TITLES[phase]} would run, in this order: {', '.join(names)}")
        for one in self._due:
            runs = any(self._runs(one, each) for each in self._phases if each is not Phase.FAILURE)
            self._set(one, Action.CREATED if runs else Action.SKIPPED)

    def entries(self, *phases: Phase) -> tuple[InventoryEntry, ...]:
        """What the inventory says before the hooks of these phases run: none has succeeded."""
        return tuple(
            InventoryEntry(
                id=one.id,
                version=one.placed.resource.version,
                uid=text(one.live, "metadata", "uid") if one.live is not None else "",
            )
            for one in self._due
            if any(self._runs(one, phase) for phase in phases)
        )

    def waves(self) -> frozenset[int]:
        """The waves that hooks beside the objects belong to."""
        return frozenset(one.hook.weight for one in self._due if self._runs(one, Phase.SYNC))

    def namespaces(self) -> frozenset[str]:
        """Namespaces that hooks need before anything is applied."""
        return frozenset(
            one.id.namespace for group in self._groups(Phase.PRE, None) for one in group
        )

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
        groups = self._groups(phase, wave)
        ran: list[PlannedHook] = []
        good = True
        for group in groups:
            self._may_go_on(lease)
            self._run.teller.phase(f"Run {len(group)} {_TITLES[phase]}")
            ran += group
            good = self._group(phase, group)
            if not good:
                break
        self._clean_up(ran, succeeded=good)
        if not good and phase in _NOTHING_DONE:
            self._ledger.note(_NOTHING_DONE[phase])
        return good

    def _groups(self, phase: Phase, wave: int | None) -> tuple[tuple[PlannedHook, ...], ...]:
        chosen = [
            one
            for one in self._due
            if self._runs(one, phase) and (wave is None or one.hook.weight == wave)
        ]
        return in_order(chosen, lambda one: (one.id, one.hook))

    def _phases_of(self, one: PlannedHook) -> list[Phase]:
        return [phase for phase in self._phases if self._runs(one, phase)]

    def _runs(self, one: PlannedHook, phase: Phase) -> bool:
        return one.hook.runs(phase, installing=one.id in self._installing)

    def _why_not(self, one: PlannedHook, phases: Sequence[Phase]) -> str:
        if phases:
            return "nothing has changed since it succeeded"
        when = "first deployment" if one.id in self._installing else "later deployment"
        return f"does not run at a {when}"

    def _is_new_release(
        self, hook: PlannedHook, objects: Sequence[Placed], there: Collection[ObjectId]
    ) -> bool:
        """Whether nothing of the hook's release was applied before, by us or by Helm itself."""
        release = release_of(hook.placed.body)
        members = [one.id for one in objects if release and release_of(one.body) == release]
        recorded = self._inventory.entries
        return not any(
            one in there or (one in recorded and recorded[one].uid)
            for one in members or (each.id for each in objects)
        )

    def _skip(self) -> None:
        reasons = {id(manifest): reason for manifest, reason in self.parts.skipped}
        self._skipped = self._placed([manifest for manifest, _ in self.parts.skipped])
        for one in self._skipped:
            reason = reasons[id(one.manifest)]
            self._ledger.set(ObjectResult(id=one.id, action=Action.SKIPPED, note=reason))
            if reason != AT_REMOVAL:
                self._ledger.note(f"{one.id} is {reason}")

    def _placed(self, manifests: Sequence[Manifest]) -> tuple[Placed, ...]:
        """The manifests with kinds and namespaces; definitions of the environment are known."""
        if not manifests:
            return ()
        defined = [one for one in self.parts.ordinary if (one.id.group, one.id.kind) == _DEFINITION]
        placing = place(
            (*manifests, *defined),
            self._run.cluster.resources(),
            namespace=self._run.cluster.namespace,
            inventory=self._label,
        )
        for problem in placing.problems:
            self._ledger.refused(None, problem)
        known = {id(one) for one in manifests}
        state = ClusterState(
            live={}, ignore=self._run.environment.deploy.ignore, manager=self._run.manager
        )
        return sealed((one for one in placing.objects if id(one.manifest) in known), state)

    def _refuse_foreign(self) -> None:
        labels_of_ours = {self._label, *former_labels(self._run)}
        for one in self._planned:
            error = foreign(_change(one), labels_of_ours) or _stranger(one)
            if error is not None:
                self._ledger.refused(one.id, error)

    def _refuse_denied(self) -> None:
        rights = {
            Right(verb=verb, resource=one.placed.resource, namespace=one.id.namespace)
            for one in self._planned
            for verb in ("create", "patch", *(("delete",) if _goes(one) else ()))
        }
        for right in self._run.cluster.denied(frozenset(rights)):
            error = GitOpsError(
                f"the account may not {right}, which a hook needs",
                cause=f"the cluster {self._run.cluster.name} denies it (RBAC)",
                fix="grant it (docs/deploy.md, RBAC), or remove the hook",
            )
            self._ledger.refused(None, error)

    def _try(self) -> None:
        """A dry run of each hook under another name, since what is left of it may stand there."""
        changes = [_change(one) for one in self._planned if not one.placed.arriving]
        for change, done in apply_changes(self._run, changes, dry_run=True, body_of=_renamed):
            error = done.error
            if isinstance(error, ENDS):
                raise error
            if error is None or isinstance(error, NotFoundError):
                continue  # its namespace arrives in this run
            if isinstance(error, DryRunUnsupportedError):
                self._ledger.note(f"{change.placed.id} was not tried before: {error.title}")
            else:
                error.location = error.location or change.placed.manifest.origin
                self._ledger.refused(change.placed.id, error)

    def _group(self, phase: Phase, group: Sequence[PlannedHook]) -> bool:
        """Make the objects of a group and wait until each has done its work."""
        made = [one for one in group if self._made_room(one)]
        live: dict[ObjectId, LiveObject] = {}
        ended: GitOpsError | None = None
        for change, done in apply_changes(self._run, [_change(one) for one in made]):
            item = change.placed.id
            if done.live is not None:
                live[item] = done.live
                uid = text(done.live, "metadata", "uid")
                self.confirmed[item] = replace(change.placed.entry(uid), hash="")
                self._ledger.wrote(item, Action.CREATED, self._note(item))
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

    def _made_room(self, one: PlannedHook) -> bool:
        """Delete what is left of its last run; whether that went well."""
        if one.live is None or not _goes_first(one):
            return True
        try:
            remove(self._run, _change(one))
        except ENDS:
            raise
        except GitOpsError as error:
            self._ledger.refused(one.id, error)
            return False
        return True

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

    def _clean_up(self, ran: Iterable[PlannedHook], *, succeeded: bool) -> None:
        """Delete what its policies say, after all hooks of the phase: they may need each other."""
        for one in ran:
            entry = self.confirmed.get(one.id)
            if entry is None:
                continue
            fine = succeeded or bool(entry.hash)
            policy = DeletePolicy.SUCCEEDED if fine else DeletePolicy.FAILED
            asked = policy in one.hook.policies or (fine and self._removal)
            if not asked or _keeps_data(one):
                continue
            try:
                self._run.cluster.delete(
                    one.placed.resource,
                    namespace=one.id.namespace,
                    name=one.id.name,
                    uid=entry.uid,
                )
            except ENDS:
                raise
            except NotFoundError:
                self.deleted.add(one.id)  # a Job with a time to live removes itself
            except GitOpsError as error:
                self._ledger.note(f"{one.id} could not be deleted ({policy}): {error.title}")
            else:
                self.deleted.add(one.id)
                row = self._ledger.row(one.id)
                self._ledger.set(replace(row, note=f"{row.note}; deleted ({policy})"))

    def _may_go_on(self, lease: HeldLease) -> None:
        if self._run.stop.is_set():
            raise StoppedError("cancelled while hooks were run", fix="run again")
        lease.check()

    def _set(self, one: PlannedHook, action: Action, why: str = "") -> None:
        note = self._note(one.id) + (f": {why}" if why else "")
        self._ledger.set(ObjectResult(id=one.id, action=action, note=note))

    def _note(self, item: ObjectId) -> str:
        found = next(one for one in self._planned if one.id == item)
        return f"hook ({found.hook.annotation})"


_TITLES = {
    Phase.PRE: "pre hooks",
    Phase.SYNC: "hooks beside the objects",
    Phase.POST: "post hooks",
    Phase.FAILURE: "hooks for the failure",
    Phase.PRE_DELETE: "pre-delete hooks",
    Phase.POST_DELETE: "post-delete hooks",
}
_NOTHING_DONE = {
    Phase.PRE: "a pre hook has failed: nothing else was changed",
    Phase.PRE_DELETE: "a pre-delete hook has failed: nothing was deleted",
}
_SHARED_TIME = frozenset({Phase.PRE, Phase.SYNC, Phase.POST})
"""The hooks that have what is left of the deployment's time."""


def _change(one: PlannedHook) -> Change:
    force = one.live is None or _goes_first(one)
    return Change(placed=one.placed, live=one.live, certain=True, force=force)


def _ending_run(run: TargetRun) -> TargetRun:
    """The run with the rule for pods that have to end; the configuration's own come first."""
    health = run.environment.deploy.health
    kinds = (*health.kinds, _POD_ENDS)
    deploy = replace(run.environment.deploy, health=replace(health, kinds=kinds))
    return replace(run, environment=replace(run.environment, deploy=deploy))


def _keeps_data(one: PlannedHook) -> bool:
    return (one.id.group, one.id.kind) in NEVER_RECREATED


def _goes_first(one: PlannedHook) -> bool:
    """Whether what is left of the last run is deleted before the next."""
    asked = _runs_once(one) or DeletePolicy.BEFORE in one.hook.policies
    return asked and not _keeps_data(one)


def _runs_once(one: PlannedHook) -> bool:
    return (one.id.group, one.id.kind) in _ENDS_BY_ITSELF or is_custom(one.id.group)


def _goes(one: PlannedHook) -> bool:
    """Whether its object is deleted at some time."""
    return _goes_first(one) or (bool(one.hook.policies) and not _keeps_data(one))


def _stranger(one: PlannedHook) -> GitOpsError | None:
    """Why what stands there may not be deleted: it is not ours, and no hook of another tool."""
    if one.live is None or not _goes_first(one):
        return None
    if INVENTORY_LABEL in labels(one.live) or is_hook(one.live):
        return None
    return GitOpsError(
        f"{one.id} exists and is not of this environment",
        cause="a hook deletes what is left of its last run, and this object is none",
        fix="delete it if it is not needed, or give the hook another name",
        location=one.placed.manifest.origin,
    )


def _renamed(change: Change) -> Body:
    """The object under a name that is free, for a dry run."""
    body, name = change.placed.body, change.placed.id.name
    metadata = {**mapping(body, "metadata"), "name": f"{name[:_LONGEST_NAME].rstrip('-.')}-try"}
    return {**body, "metadata": metadata}
