"""Which objects have to be written, from what is described, recorded and lives."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gitops_action.commands.deploy.push.live import LiveState
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster.model import LiveObject, Right
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.compare import ChangedFields, Unchanged, compare
from gitops_action.core.deploy.field_managers import field_manager, managers_to_migrate
from gitops_action.core.deploy.inventory import Inventory
from gitops_action.core.deploy.objects import INVENTORY_LABEL, Placed
from gitops_action.core.manifests import fields
from gitops_action.errors import GitOpsError

FORCE_ANNOTATION = "gitops-action/force"


@dataclass(frozen=True, kw_only=True)
class Change:
    """An object that is, or may be, to be written.

    Attributes:
        placed: what is described.
        live: what lives; None where nothing does, or where it may not be read.
        certain: values of ours differ: it is written whatever the dry run says of content.
        force: take over fields of other managers.
        seize: take it over from another environment.
        former: field managers that applied what is ours now.
        recreate: it has to be deleted first, which its annotation allows.
        unverified: a webhook takes no dry runs: it is written without one.
    """

    placed: Placed
    live: LiveObject | None
    certain: bool
    force: bool
    seize: bool = False
    former: frozenset[str] = frozenset()
    recreate: bool = False
    unverified: bool = False

    @property
    def uid(self) -> str:
        """Of the live object; empty where there is none."""
        return fields.text(self.live, "metadata", "uid") if self.live is not None else ""

    @property
    def migrates(self) -> tuple[str, ...]:
        """Managers whose fields become ours first."""
        return managers_to_migrate(self.live, self.former) if self.live is not None else ()


def changes_of(
    objects: Iterable[Placed], live: LiveState, inventory: Inventory, *, run: TargetRun
) -> tuple[tuple[Change, ...], tuple[Placed, ...]]:
    """What may have to be written, and what certainly need not be."""
    changes: list[Change] = []
    unchanged: list[Placed] = []
    for one in objects:
        found = live.objects.get(one.id)
        verdict = None
        if found is not None:
            recorded = inventory.entries.get(one.id)
            verdict = compare(
                one.body, found, manager=run.manager, recorded=recorded, desired_hash=one.hash
            )
        if isinstance(verdict, Unchanged):
            unchanged.append(one)
            continue
        certain = live.absent(one.id) or isinstance(verdict, ChangedFields)
        seize = run.options.force_conflicts or (
            fields.annotations(one.manifest.body).get(FORCE_ANNOTATION) == "allowed"
        )
        moved = _moved_from(run, one, found)
        changes.append(
            Change(
                placed=one,
                live=found,
                certain=certain,
                force=seize or run.environment.deploy.conflicts == "force",
                seize=seize or bool(moved),
                former=run.former_managers | {field_manager(name) for name in moved},
            )
        )
    return tuple(changes), tuple(unchanged)


def _moved_from(run: TargetRun, one: Placed, live: LiveObject | None) -> tuple[str, ...]:
    """The environment that gave the object up in the same commits."""
    label = fields.labels(live).get(INVENTORY_LABEL, "") if live is not None else ""
    own = {"", fields.labels(one.body).get(INVENTORY_LABEL)}
    found = "" if label in own else run.moves.from_environment(label, one.id)
    return (found,) if found else ()


def foreign(change: Change, labels: Collection[str]) -> GitOpsError | None:
    """Why it is not ours to write: another environment or repository deploys it.

    Environments of one name in two repositories have the same field manager, so the API server
    would not see the conflict.
    """
    if change.live is None or change.seize:
        return None
    other = fields.labels(change.live).get(INVENTORY_LABEL, "")
    if not other or other in labels:
        return None
    return GitOpsError(
        f"{change.placed.id} belongs to another environment",
        cause=f"it is in the inventory {other}",
        fix=f"remove it there or here; to take it over: `{FORCE_ANNOTATION}: allowed` on the"
        " object, or `force-conflicts` for the run",
        location=change.placed.manifest.origin,
    )


def leaving(change: Change) -> GitOpsError | None:
    """Why it cannot be written now: someone is deleting it."""
    if change.live is None or not fields.text(change.live, "metadata", "deletionTimestamp"):
        return None
    return GitOpsError(
        f"{change.placed.id} is being deleted",
        cause="what is applied now would be deleted with it",
        fix="run again when it is gone; its finalizers may hold it",
    )


def rights_for(changes: Iterable[Change], live: LiveState) -> frozenset[Right]:
    """What writing them takes: apply is a patch, and a create where nothing is there."""
    found: set[Right] = set()
    for change in changes:
        placed = change.placed
        verbs = ["patch"]
        if live.absent(placed.id):
            verbs.append("create")
        if change.migrates:
            verbs.append("update")
        found |= {
            Right(verb=verb, resource=placed.resource, namespace=placed.id.namespace)
            for verb in verbs
        }
    return frozenset(found)
