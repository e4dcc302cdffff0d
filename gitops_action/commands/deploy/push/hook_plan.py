"""Which hooks of an environment run in this deployment, and in which order.

A hook runs when the deployment changes something, or when it has not succeeded yet with the content
that is described now. That it may and can be made is known before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gitops_action.commands.deploy.push.changes import Change, foreign
from gitops_action.commands.deploy.push.dry_run import apply_changes
from gitops_action.commands.deploy.push.hook_deletion import PlannedHook, stranger
from gitops_action.commands.deploy.push.inventory import former_labels
from gitops_action.commands.deploy.push.live import look
from gitops_action.commands.deploy.push.preflight import Ahead
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.errors import DryRunUnsupportedError, NotFoundError
from gitops_action.core.cluster.model import Right
from gitops_action.core.deploy.hooks import (
    AT_REMOVAL,
    DEPLOYMENT,
    REMOVAL,
    DeletePolicy,
    Parts,
    Phase,
    in_order,
    release_of,
    split,
)
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.objects import ClusterState, Placed, place, sealed
from gitops_action.core.deploy.result import Action, ObjectResult
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.errors import GitOpsError

_DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
_LONGEST_NAME = 50
TITLES = {
    Phase.PRE: "pre hooks",
    Phase.SYNC: "hooks beside the objects",
    Phase.POST: "post hooks",
    Phase.FAILURE: "hooks for the failure",
    Phase.PRE_DELETE: "pre-delete hooks",
    Phase.POST_DELETE: "post-delete hooks",
}


class HookPlan:
    """The hooks of one environment in one run.

    Attributes:
        removal: those that run when the environment is taken down.
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
        self._parts: Parts = split(run.rendering.applied)
        self.removal = removal
        self._phases = REMOVAL if removal else DEPLOYMENT
        self._hooks = self._parts.removal if removal else self._parts.hooks

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
        if len(self._parts.ordinary) == len(self._run.rendering.applied):
            return self._run
        rendering = replace(self._run.rendering, manifests=self._parts.ordinary)
        return replace(self._run, rendering=rendering)

    def look(self) -> None:
        """Read what lives of the hooks, and make sure that they may and can be made.

        Raises:
            ClusterError: the cluster does not answer.
        """
        for problem in self._parts.problems:
            self._ledger.refused(None, problem)
        self._ledger.note(*self._parts.notices)
        if not self.removal:
            self._skip()
        if not self._hooks or self._parts.problems:
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
            if one.live is None and not one.runs_once and busy & set(runs.get(one.id, ()))
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
        may_be_gone = one.runs_once or DeletePolicy.SUCCEEDED in one.hook.policies
        return same and (one.live is not None or may_be_gone)

    def show(self) -> None:
        """Say what would run, and in which order."""
        for phase in self._phases:
            names = [str(one.id) for group in self.groups(phase, None) for one in group]
            if not names:
                continue
            self._ledger.note(f"{TITLES[phase]} would run, in this order: {', '.join(names)}")
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
            one.id.namespace for group in self.groups(Phase.PRE, None) for one in group
        )

    def groups(self, phase: Phase, wave: int | None) -> tuple[tuple[PlannedHook, ...], ...]:
        """What runs together, one group after the other; of every wave where none is named."""
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
        reasons = {id(manifest): reason for manifest, reason in self._parts.skipped}
        self._skipped = self._placed([manifest for manifest, _ in self._parts.skipped])
        for one in self._skipped:
            reason = reasons[id(one.manifest)]
            self._ledger.set(ObjectResult(id=one.id, action=Action.SKIPPED, note=reason))
            if reason != AT_REMOVAL:
                self._ledger.note(f"{one.id} is {reason}")

    def _placed(self, manifests: Sequence[Manifest]) -> tuple[Placed, ...]:
        """The manifests with kinds and namespaces; definitions of the environment are known."""
        if not manifests:
            return ()
        defined = [
            one for one in self._parts.ordinary if (one.id.group, one.id.kind) == _DEFINITION
        ]
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
            error = foreign(one.change, labels_of_ours) or stranger(one)
            if error is not None:
                self._ledger.refused(one.id, error)

    def _refuse_denied(self) -> None:
        rights = {
            Right(verb=verb, resource=one.placed.resource, namespace=one.id.namespace)
            for one in self._planned
            for verb in ("create", "patch", *(("delete",) if one.goes else ()))
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
        changes = [one.change for one in self._planned if not one.placed.arriving]
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

    def _set(self, one: PlannedHook, action: Action, why: str = "") -> None:
        note = self.note(one.id) + (f": {why}" if why else "")
        self._ledger.set(ObjectResult(id=one.id, action=action, note=note))

    def note(self, item: ObjectId) -> str:
        """What makes it a hook, for people."""
        found = next(one for one in self._planned if one.id == item)
        return f"hook ({found.hook.annotation})"


def _renamed(change: Change) -> Body:
    """The object under a name that is free, for a dry run."""
    body, name = change.placed.body, change.placed.id.name
    metadata = {**mapping(body, "metadata"), "name": f"{name[:_LONGEST_NAME].rstrip('-.')}-try"}
    return {**body, "metadata": metadata}
