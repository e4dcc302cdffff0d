"""Drift of what `deploy` applies: its inventory, its lease, its objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime, timedelta

from gitops_action.commands.deploy.push.inventory import LEASES, InventoryStore
from gitops_action.commands.deploy.push.live import read_live
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.drift.objects import compare_objects
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.cluster.errors import AccessDeniedError, NotFoundError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.field_managers import field_manager
from gitops_action.core.deploy.hooks import split
from gitops_action.core.deploy.inventory import Inventory
from gitops_action.core.drift.deployed import SETTLES
from gitops_action.core.drift.report import TargetDrift
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import ObjectId

Describe = Callable[[str], EnvironmentRendering]
"""What the environment describes at a commit; empty: at the tip."""


def drift_of_push(run: TargetRun, found: TargetDrift, describe: Describe) -> TargetDrift:
    """Compare what lives with what was deployed.

    Args:
        run: the environment on the cluster; its commit is empty where no deployment is recorded.
        found: what is known so far.
        describe: renders.

    Raises:
        InventoryError: what was applied cannot be read.
        ClusterError: the cluster does not answer, or may not be read.
    """
    return _PushComparison(run=run, store=InventoryStore.of(run)).compare(found, describe)


@dataclass(frozen=True, kw_only=True)
class _PushComparison:
    """One comparison; `unread` names what beside the described objects could not be read."""

    run: TargetRun
    store: InventoryStore
    unread: list[str] = field(default_factory=list)

    def compare(self, found: TargetDrift, describe: Describe) -> TargetDrift:
        busy = self._busy()
        if busy:
            return replace(found, reason=busy)
        run, inventory = self.run, self._inventory()
        commit = run.commit or inventory.commit
        rendering = describe(commit)
        found = replace(found, commit=commit)
        if rendering.problems:
            return replace(found, reason=str(rendering.problems[0]))
        parts = split(rendering.applied)
        managers = (run.manager, *map(field_manager, run.environment.formerly))
        compared = compare_objects(run, parts.ordinary, own=managers, label=self.store.label)
        hooks = [one.id for one, _ in (*parts.hooks, *parts.skipped)]
        return replace(
            found,
            compared=compared.count,
            objects=compared.objects,
            unread=compared.unread,
            waiting=self._waiting(inventory, compared.described | _placed(run, hooks)),
            reason=_missing_charts(rendering),
            notes=(*found.notes, *_notes(commit, hooks), *self.unread),
        )

    def _busy(self) -> str:
        """Why nothing is compared: a deployment holds the lease, or has just given it back."""
        cluster = self.run.cluster
        try:
            lease = cluster.get(LEASES, namespace=cluster.namespace, name=self.store.name)
        except AccessDeniedError as error:
            self.unread.append(f"the cluster may not be asked whether a deployment runs: {error}")
            return ""
        except NotFoundError:
            return ""
        return _kept_busy(lease, self.run.clock.now())

    def _inventory(self) -> Inventory:
        """What was applied. A recorded commit can be compared without it."""
        try:
            return self.store.load()
        except AccessDeniedError as error:
            if not self.run.commit:
                raise
            self.unread.append(f"what waits to be pruned is not known: {error}")
            return Inventory(environment=self.store.environment)

    def _waiting(
        self, inventory: Inventory, described: frozenset[ObjectId]
    ) -> tuple[ObjectId, ...]:
        """What was applied, is described no more, and still lives."""
        entries = [one for item, one in inventory.entries.items() if item not in described]
        label = self.store.label
        live = read_live(self.run.cluster, entries, label=label) if entries else {}
        kinds = sorted({one.id.kind for one in entries if one.id not in live})
        if kinds:
            said = f"which objects of {', '.join(kinds)} wait to be pruned could not be read"
            self.unread.append(said)
        return tuple(sorted(item for item, body in live.items() if body is not None))


def _notes(commit: str, hooks: list[ObjectId]) -> tuple[str, ...]:
    notes = []
    if not commit:
        notes.append("no deployment is recorded, so the newest description was compared")
    if hooks:
        notes.append(f"{len(hooks)} hooks are not compared: they run during deployments")
    return tuple(notes)


def _missing_charts(rendering: EnvironmentRendering) -> str:
    missing = rendering.unrendered
    return f"not everything could be rendered: {missing[0].title}" if missing else ""


def _placed(run: TargetRun, items: list[ObjectId]) -> frozenset[ObjectId]:
    """The ids as an inventory has them, and as they are written."""
    filled = (replace(one, namespace=one.namespace or run.cluster.namespace) for one in items)
    return frozenset((*items, *filled))


def _kept_busy(lease: LiveObject, now: datetime) -> str:
    """Why a lease says that nothing is to be compared; empty where it says nothing."""
    try:
        renewed = datetime.fromisoformat(text(lease, "spec", "renewTime"))
    except ValueError:
        return ""
    age = now - renewed
    lasts = timedelta(seconds=number(lease, "spec", "leaseDurationSeconds") or 0)
    holder = text(lease, "spec", "holderIdentity")
    if holder and age < lasts:
        return f"a deployment runs ({holder})"
    return "a deployment has only just ended" if age < SETTLES else ""
