"""What of the inventory is described no more and may be deleted: planned, never done here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from math import floor
from typing import Protocol

from gitops_action.core.config.resolved import Engine, PruneBudget
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.field_managers import applied_by
from gitops_action.core.deploy.inventory import Inventory, InventoryEntry
from gitops_action.core.deploy.objects import INVENTORY_LABEL
from gitops_action.core.deploy.order import deletion_order
from gitops_action.core.manifests import Manifest, fields
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.errors import GitOpsError

# How many objects may go at once without a person asking for it (`deploy.prune.max`).


def allowed_removals(budget: PruneBudget, total: int) -> int:
    """How many of `total` objects may be removed; a share is rounded down.

    Args:
        budget: the environment's budget.
        total: the objects that the environment had before the removal.
    """
    if budget.max_count is not None:
        return budget.max_count
    percent = budget.max_percent if budget.max_percent is not None else 0.0
    return floor(total * percent / 100 + 1e-9)  # 20 % of 5 is 1, whatever binary fractions say


def describe_budget(budget: PruneBudget) -> str:
    """The budget as the configuration writes it: `20%` or `12`."""
    if budget.max_count is not None:
        return str(budget.max_count)
    return f"{budget.max_percent or 0:g}%"


# What a deployment deletes: what protects an object, and what the environment's budget allows.

PRUNE_ANNOTATION = "gitops-action/prune"
_FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"
_FLUX_RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
_DISABLED = "disabled"

_PROTECTIONS: Mapping[Engine, tuple[str, ...]] = {
    "push": (PRUNE_ANNOTATION, _FLUX_PRUNE),
    "flux": (_FLUX_PRUNE, _FLUX_RECONCILE),
}
"""Keys that protect an object from each engine when their value is `disabled`.

Flux (kustomize-controller) knows nothing of our annotation. `push` accepts Flux's as well: an
object that was protected under Flux stays protected after the environment moves to `push`.
"""
_UNKNOWN: tuple[Engine, ...] = ("push",)
"""Read so where we do not know who deploys."""


@dataclass(frozen=True, kw_only=True)
class PruneVerdict:
    """What would be deleted, and whether the budget allows it.

    Attributes:
        removed: what would be deleted, sorted.
        kept: what is no longer described, yet protected, sorted.
        total: the objects that the budget is a share of: what was there and what is described.
        allowed: how many may be deleted without a confirmation.
        emptied: no object is described; that is refused even with a confirmation.
        exceeded: `removed` is more than `allowed`, or the environment is emptied.
        confirm: those of `removed` whose kind is deleted only after a confirmation.
        budget: the budget as the configuration writes it.
    """

    removed: tuple[ObjectId, ...] = ()
    kept: tuple[ObjectId, ...] = ()
    total: int = 0
    allowed: int = 0
    emptied: bool = False
    exceeded: bool = False
    confirm: tuple[ObjectId, ...] = ()
    budget: str = ""

    @property
    def passes(self) -> bool:
        """Whether everything may be deleted without a confirmation."""
        return not self.exceeded and not self.confirm


def prune_budget(
    before: Sequence[Manifest],
    after: Sequence[Manifest],
    budget: PruneBudget,
    engines: Collection[Engine] = (),
) -> PruneVerdict:
    """What deploying `after` where `before` runs would delete.

    Args:
        before: the objects that run.
        after: the objects that are described; namespaces are filled in on both sides.
        budget: the environment's budget.
        engines: those of the environment's targets. With several, an object is kept only where
            each of them keeps it; with none it is read as `push` reads it.
    """
    asked = engines or _UNKNOWN
    kept = frozenset(m.id for m in before if all(keeps(m.body, engine) for engine in asked))
    return prune_ids(
        (manifest.id for manifest in before), (manifest.id for manifest in after), budget, kept=kept
    )


def prune_ids(
    recorded: Iterable[ObjectId],
    described: Iterable[ObjectId],
    budget: PruneBudget,
    *,
    kept: Collection[ObjectId] = frozenset(),
) -> PruneVerdict:
    """Measure the removal of what is recorded and not described.

    A share is of everything recorded or described, rounded down: `20%` of 4 objects is none, of 5
    objects is 1. A deployment records new objects before it prunes, so they count. No object left
    at all is refused whatever the budget says: an empty render is almost always a mistake.

    Args:
        recorded: what is there.
        described: what stays; namespaces are filled in on both sides.
        budget: the environment's budget.
        kept: objects that are never deleted.
    """
    there, stays = frozenset(recorded), frozenset(described)
    gone = there - stays
    removed = tuple(sorted(gone - frozenset(kept)))
    total = len(there | stays)
    allowed = allowed_removals(budget, total)
    emptied = bool(there) and not stays
    return PruneVerdict(
        removed=removed,
        kept=tuple(sorted(gone & frozenset(kept))),
        total=total,
        allowed=allowed,
        emptied=emptied,
        exceeded=emptied or len(removed) > allowed,
        confirm=tuple(item for item in removed if item.kind in budget.confirm),
        budget=describe_budget(budget),
    )


def keeps(body: Body, engine: Engine) -> str:
    """What protects the object from being deleted by this engine; empty where nothing does.

    Read as kustomize-controller reads it (`ssa.DeleteOptions.Exclusions`): from annotations and
    labels, whatever the value's case.
    """
    both = fields.labels(body), fields.annotations(body)
    for key in _PROTECTIONS[engine]:
        if any(found.get(key, "").lower() == _DISABLED for found in both):
            return f"{key}: {_DISABLED}"
    return ""


# Whether a live object is ours to delete.

NAMESPACE = ("", "Namespace")
DEFINITION = ("apiextensions.k8s.io", "CustomResourceDefinition")
"""What takes along whatever it holds: deleted only when it holds nothing more (group, kind)."""
NEVER = frozenset({("", "Namespace", "default"), ("", "Namespace", "kube-system")})
"""Namespaces that the cluster itself lives in: group, kind, name."""


@dataclass(frozen=True, kw_only=True)
class Keep:
    """An object that stays; with `forget` it leaves the inventory, as it is not ours any more."""

    id: ObjectId
    reason: str
    forget: bool = False


class Owner(Protocol):
    """Who asks, and what is known of namespaces and definitions."""

    @property
    def manager(self) -> str:
        """Our field manager."""
        ...

    @property
    def label(self) -> str:
        """The value of our inventory label."""
        ...

    @property
    def former_managers(self) -> Collection[str]:
        """Our field managers under former names."""
        ...

    @property
    def former_labels(self) -> Collection[str]:
        """The values of our inventory label under former names."""
        ...

    @property
    def occupied(self) -> Mapping[str, str]:
        """What would take more along than what is deleted anyway, each with an example.

        By name of the namespace, or of the CustomResourceDefinition, which always has a dot.
        """
        ...


def kept_because(entry: InventoryEntry, live: Body, owner: Owner) -> Keep | None:
    """Why the object stays; None when it is ours and may go.

    An entry without UID is of a run that was killed before it could record the answer: label and
    field manager together say that the object is the one that it applied.
    """
    other = _other_owner(entry, live, owner)
    if other:
        return Keep(id=entry.id, reason=other, forget=True)
    protection = keeps(live, "push")
    if protection:
        return Keep(id=entry.id, reason=f"{protection} keeps it", forget=True)
    return _still_needed(entry.id, owner)


def _other_owner(entry: InventoryEntry, live: Body, owner: Owner) -> str:
    uid, label = fields.text(live, "metadata", "uid"), fields.labels(live).get(INVENTORY_LABEL)
    if not uid or (entry.uid and uid != entry.uid):
        return "it was recreated by another client (different UID)"
    if label is None:
        return f"it lacks the label {INVENTORY_LABEL}"
    if label not in {owner.label, *owner.former_labels}:
        return f"it belongs to the inventory {label}"
    if not any(applied_by(live, one) for one in (owner.manager, *owner.former_managers)):
        return f"the field manager {owner.manager} owns nothing of it"
    return ""


def _still_needed(item: ObjectId, owner: Owner) -> Keep | None:
    if (item.group, item.kind) not in {NAMESPACE, DEFINITION}:
        return None
    if (item.group, item.kind, item.name) in NEVER:
        return Keep(id=item, reason="the cluster itself lives in it", forget=True)
    held = owner.occupied.get(item.name)
    return Keep(id=item, reason=f"it still holds {held}") if held else None


# When nothing is deleted at all, and what the person who reads it can do.

_NAMED = 5


class PruneRefusedError(GitOpsError):
    """Deleting was refused as a whole: what was applied stays, and nothing was deleted."""


def refusal_of(verdict: PruneVerdict, *, confirmed: bool) -> PruneRefusedError | None:
    """The refusal, or None when the objects may go.

    Args:
        verdict: what would go, measured against the budget.
        confirmed: a person confirmed this prune; an empty environment is refused all the same.
    """
    if not verdict.removed:
        return None
    if verdict.emptied:
        return PruneRefusedError(
            "Nothing was pruned: the environment describes no object at all",
            cause=f"{len(verdict.removed)} objects would have been deleted",
            fix="check what it renders to; `deploy --destroy ENVIRONMENT` deletes them all",
        )
    if confirmed or not verdict.exceeded:
        return None
    return PruneRefusedError(
        f"Nothing was pruned: {len(verdict.removed)} of {verdict.total} objects would go",
        cause=f"prune.max is {verdict.budget}, which allows {verdict.allowed}: {_names(verdict)}",
        fix="confirm it with the input confirm-prune, or raise prune.max",
    )


def _names(verdict: PruneVerdict) -> str:
    shown = ", ".join(str(item) for item in verdict.removed[:_NAMED])
    more = len(verdict.removed) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


@dataclass(frozen=True, kw_only=True)
class PruneRequest:
    """What the plan is made from.

    Attributes:
        inventory: as recorded, after this run's apply was recorded too.
        desired: what the environment describes now, namespaces filled in.
        live: the candidates as they live; None for one that is not there. One that is missing
            here could not be read.
        manager: our field manager.
        label: the value of our inventory label.
        budget: what may go without being asked.
        confirmed: a person confirmed this prune: the budget and its kinds do not hold it up.
        former_managers: our field managers under former names.
        former_labels: the values of our label under former names.
        moved: what another environment describes now, with its name.
        destroys: everything is meant to go, which a person confirmed by the environment's name.
        occupied: namespaces and definitions of kinds that hold more than what would be deleted,
            by name, each with an example.
    """

    inventory: Inventory
    desired: Collection[ObjectId]
    live: Mapping[ObjectId, Body | None]
    manager: str
    label: str
    budget: PruneBudget
    confirmed: bool = False
    former_managers: Collection[str] = ()
    former_labels: Collection[str] = ()
    moved: Mapping[ObjectId, str] = field(default_factory=dict)
    destroys: bool = False
    occupied: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """One object to delete; the UID is the delete's precondition."""

    id: ObjectId
    version: str
    uid: str


@dataclass(frozen=True, kw_only=True)
class PrunePlan:
    """What happens to each object that is described no more.

    Attributes:
        deletes: in the order to delete them; empty when the plan is refused.
        kept: what stays in the cluster, with the reason.
        gone: what is not there any more, and leaves the inventory.
        refusal: why nothing is deleted at all; the deployment reports it as its error.
    """

    deletes: tuple[Deletion, ...] = ()
    kept: tuple[Keep, ...] = ()
    gone: tuple[ObjectId, ...] = ()
    refusal: GitOpsError | None = None

    @property
    def forgotten(self) -> tuple[ObjectId, ...]:
        """What leaves the inventory without being deleted: it is gone, or not ours to delete."""
        return (*self.gone, *(keep.id for keep in self.kept if keep.forget))


def candidates(inventory: Inventory, desired: Collection[ObjectId]) -> tuple[InventoryEntry, ...]:
    """What is recorded and described no more; their live state is what `plan_prune` needs."""
    known = frozenset(desired)
    return tuple(entry for entry in inventory.entries.values() if entry.id not in known)


def plan_prune(request: PruneRequest) -> PrunePlan:
    """Decide for each object that is described no more.

    Deleted is only what carries our label, our field manager and the recorded UID. An object that
    was moved to another API group is still described there (same UID), and stays.
    """
    found = candidates(request.inventory, request.desired)
    unreadable = [
        Keep(id=e.id, reason="it could not be read") for e in found if e.id not in request.live
    ]
    gone = [entry.id for entry in found if request.live.get(entry.id, entry) is None]
    moved = _described_uids(request)
    keeps: list[Keep] = []
    deletes: list[Deletion] = []
    for entry in found:
        live = request.live.get(entry.id)
        if live is None:
            continue
        keep = (
            _moved(entry, live, moved)
            or kept_because(entry, live, request)
            or _taken_over(entry, request)
        )
        if keep:
            keeps.append(keep)
        else:
            uid = text(live, "metadata", "uid")
            deletes.append(Deletion(id=entry.id, version=entry.version, uid=uid))
    return _within_budget(request, deletes, [*unreadable, *keeps], gone)


def _described_uids(request: PruneRequest) -> frozenset[str]:
    entries = (request.inventory.entries.get(item) for item in request.desired)
    return frozenset(entry.uid for entry in entries if entry and entry.uid)


def _moved(entry: InventoryEntry, live: Body, described: frozenset[str]) -> Keep | None:
    if text(live, "metadata", "uid") not in described:
        return None
    reason = "it is the same object as one that is described in another API group"
    return Keep(id=entry.id, reason=reason, forget=True)


def _taken_over(entry: InventoryEntry, request: PruneRequest) -> Keep | None:
    environment = request.moved.get(entry.id)
    if environment is None:
        return None
    reason = f"{environment} describes it now, and takes it over when it is deployed"
    return Keep(id=entry.id, reason=reason)


def _within_budget(
    request: PruneRequest, deletes: list[Deletion], keeps: list[Keep], gone: list[ObjectId]
) -> PrunePlan:
    verdict = _verdict(request, deletes)
    if request.destroys:
        verdict = replace(verdict, emptied=False)
    confirmed = request.confirmed or request.destroys
    refusal = refusal_of(verdict, confirmed=confirmed)
    kept, missing = tuple(sorted(keeps, key=lambda keep: keep.id)), tuple(sorted(gone))
    if refusal:
        return PrunePlan(kept=kept, gone=missing, refusal=refusal)
    asks = frozenset() if confirmed else frozenset(verdict.confirm)
    waiting = tuple(_unconfirmed(item) for item in sorted(asks))
    allowed = [item for item in deletes if item.id not in asks]
    return PrunePlan(deletes=_in_order(allowed), kept=(*kept, *waiting), gone=missing)


def _verdict(request: PruneRequest, deletes: Iterable[Deletion]) -> PruneVerdict:
    """Measured of everything recorded; only what would really be deleted counts."""
    recorded = frozenset(request.inventory.entries)
    kept = recorded - {item.id for item in deletes}
    return prune_ids(recorded, request.desired, request.budget, kept=kept)


def _unconfirmed(item: ObjectId) -> Keep:
    return Keep(id=item, reason=f"deleting a {item.kind} needs confirm-prune")


def _in_order(deletes: Iterable[Deletion]) -> tuple[Deletion, ...]:
    return deletion_order(deletes, lambda item: item.id)
