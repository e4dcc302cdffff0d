"""What of the inventory is described no more and may be deleted: planned, never done here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gitops_action.core.config.deploy import PruneBudget
from gitops_action.core.deploy.order import deletion_order
from gitops_action.core.deploy.ownership import Keep, kept_because
from gitops_action.core.deploy.prune_refusals import refusal_of
from gitops_action.core.inventory.model import Entry, Inventory
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.core.validation.prune import PruneVerdict, prune_ids
from gitops_action.errors import GitOpsError


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


def candidates(inventory: Inventory, desired: Collection[ObjectId]) -> tuple[Entry, ...]:
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
        keep = _moved(entry, live, moved) or kept_because(entry, live, request)
        if keep:
            keeps.append(keep)
        else:
            uid = text(live, "metadata", "uid")
            deletes.append(Deletion(id=entry.id, version=entry.version, uid=uid))
    return _within_budget(request, deletes, [*unreadable, *keeps], gone)


def _described_uids(request: PruneRequest) -> frozenset[str]:
    entries = (request.inventory.entries.get(item) for item in request.desired)
    return frozenset(entry.uid for entry in entries if entry and entry.uid)


def _moved(entry: Entry, live: Body, described: frozenset[str]) -> Keep | None:
    if text(live, "metadata", "uid") not in described:
        return None
    reason = "it is the same object as one that is described in another API group"
    return Keep(id=entry.id, reason=reason, forget=True)


def _within_budget(
    request: PruneRequest, deletes: list[Deletion], keeps: list[Keep], gone: list[ObjectId]
) -> PrunePlan:
    verdict = _verdict(request, deletes)
    refusal = refusal_of(verdict, described=bool(request.desired), confirmed=request.confirmed)
    kept, missing = tuple(sorted(keeps, key=lambda keep: keep.id)), tuple(sorted(gone))
    if refusal:
        return PrunePlan(kept=kept, gone=missing, refusal=refusal)
    asks = frozenset() if request.confirmed else frozenset(verdict.confirm)
    waiting = tuple(_unconfirmed(item) for item in sorted(asks))
    allowed = [item for item in deletes if item.id not in asks]
    return PrunePlan(deletes=_in_order(allowed), kept=(*kept, *waiting), gone=missing)


def _verdict(request: PruneRequest, deletes: Iterable[Deletion]) -> PruneVerdict:
    """The budget is of everything recorded; only what would really be deleted counts."""
    before = frozenset(request.inventory.entries)
    going = frozenset(item.id for item in deletes)
    return prune_ids(before, before - going, request.budget)


def _unconfirmed(item: ObjectId) -> Keep:
    return Keep(id=item, reason=f"deleting a {item.kind} needs confirm-prune")


def _in_order(deletes: Iterable[Deletion]) -> tuple[Deletion, ...]:
    return deletion_order(deletes, lambda item: item.id)
