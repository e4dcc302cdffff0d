"""What is left of a hook's run, and when it is deleted.

The object is deleted before it is made again, and afterwards as its policies say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_action.commands.deploy.push.apply import remove
from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.push.dry_run import NEVER_RECREATED
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.errors import NotFoundError
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.hooks import DeletePolicy, Hook, is_hook
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.deploy.objects import INVENTORY_LABEL, Placed
from gitops_action.core.deploy.order import is_custom
from gitops_action.core.manifests.fields import labels
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

_ENDS_BY_ITSELF = frozenset({("", "Pod"), ("batch", "Job")})
"""Kinds that run once: what is left of an earlier run has to go first."""


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

    @property
    def change(self) -> Change:
        """How it is written."""
        force = self.live is None or self.goes_first
        return Change(placed=self.placed, live=self.live, certain=True, force=force)

    @property
    def runs_once(self) -> bool:
        """Whether it ends by itself, and may be gone since."""
        return (self.id.group, self.id.kind) in _ENDS_BY_ITSELF or is_custom(self.id.group)

    @property
    def keeps_data(self) -> bool:
        """Whether it is of a kind that is never deleted for a hook."""
        return (self.id.group, self.id.kind) in NEVER_RECREATED

    @property
    def goes_first(self) -> bool:
        """Whether what is left of the last run is deleted before the next."""
        asked = self.runs_once or DeletePolicy.BEFORE in self.hook.policies
        return asked and not self.keeps_data

    @property
    def goes(self) -> bool:
        """Whether its object is deleted at some time."""
        return self.goes_first or (bool(self.hook.policies) and not self.keeps_data)


def stranger(one: PlannedHook) -> GitOpsError | None:
    """Why what stands there may not be deleted: it is not ours, and no hook of another tool."""
    if one.live is None or not one.goes_first:
        return None
    if INVENTORY_LABEL in labels(one.live) or is_hook(one.live):
        return None
    return GitOpsError(
        f"{one.id} exists and is not of this environment",
        cause="a hook deletes what is left of its last run, and this object is none",
        fix="delete it if it is not needed, or give the hook another name",
        location=one.placed.manifest.origin,
    )


class HookDeletion:
    """Deletes the objects of hooks.

    Attributes:
        deleted: what was deleted after its run.
    """

    def __init__(self, run: TargetRun, ledger: Ledger, *, removal: bool) -> None:
        """Nothing is deleted yet; at a removal nothing stays of what has succeeded."""
        self._run = run
        self._ledger = ledger
        self._removal = removal
        self.deleted: set[ObjectId] = set()

    def before(self, one: PlannedHook) -> bool:
        """Delete what is left of its last run; whether that went well."""
        if one.live is None or not one.goes_first:
            return True
        try:
            remove(self._run, one.change)
        except ENDS:
            raise
        except GitOpsError as error:
            self._ledger.refused(one.id, error)
            return False
        return True

    def after(
        self,
        ran: Iterable[PlannedHook],
        confirmed: Mapping[ObjectId, InventoryEntry],
        *,
        succeeded: bool,
    ) -> None:
        """Delete what its policies say, after all hooks of the phase: they may need each other."""
        for one in ran:
            entry = confirmed.get(one.id)
            if entry is None:
                continue
            fine = succeeded or bool(entry.hash)
            policy = DeletePolicy.SUCCEEDED if fine else DeletePolicy.FAILED
            asked = policy in one.hook.policies or (fine and self._removal)
            if asked and not one.keeps_data:
                self._delete(one, entry.uid, policy)

    def _delete(self, one: PlannedHook, uid: str, policy: DeletePolicy) -> None:
        item = one.id
        try:
            self._run.cluster.delete(
                one.placed.resource, namespace=item.namespace, name=item.name, uid=uid
            )
        except ENDS:
            raise
        except NotFoundError:
            self.deleted.add(item)  # a Job with a time to live removes itself
        except GitOpsError as error:
            self._ledger.note(f"{item} could not be deleted ({policy}): {error.title}")
        else:
            self.deleted.add(item)
            row = self._ledger.row(item)
            self._ledger.set(replace(row, note=f"{row.note}; deleted ({policy})"))
