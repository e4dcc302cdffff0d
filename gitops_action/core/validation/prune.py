"""What a deployment would delete, measured against the environment's budget."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gitops_action.core.config.deploy import PruneBudget
from gitops_action.core.deploy.budget import allowed_removals, describe_budget
from gitops_action.core.manifests import Manifest, ObjectId, fields

_KEPT = (
    ("gitops-action/prune", "disabled"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
)
"""Annotations that keep an object when its description goes: ours, and Flux's
("Kustomization", `kustomize.toolkit.fluxcd.io/prune: disabled`)."""


@dataclass(frozen=True, kw_only=True)
class PruneVerdict:
    """What would go, and whether it may.

    Attributes:
        removed: what would be deleted, sorted.
        kept: what is described no more, yet never deleted because an annotation keeps it, sorted.
        total: how many objects there are before.
        allowed: how many may be deleted unasked.
        emptied: nothing is described any more, which is never believed.
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
        """Whether everything that would go may go without anybody being asked."""
        return not self.exceeded and not self.confirm


def prune_budget(
    before: Sequence[Manifest], after: Sequence[Manifest], budget: PruneBudget
) -> PruneVerdict:
    """What deploying `after` where `before` runs would delete.

    A share of the budget is of the objects in `before`, rounded down: `20%` of 4 objects is none,
    of 5 objects is 1. No object left at all is refused whatever the budget says: a render that
    comes out empty is a mistake far more often than a wish.
    """
    kept = frozenset(manifest.id for manifest in before if keeps(manifest))
    return prune_ids(
        (manifest.id for manifest in before), (manifest.id for manifest in after), budget, kept=kept
    )


def prune_ids(
    before: Iterable[ObjectId],
    after: Iterable[ObjectId],
    budget: PruneBudget,
    *,
    kept: Collection[ObjectId] = frozenset(),
) -> PruneVerdict:
    """The same for objects of which only the identity is known, such as an inventory's.

    Args:
        before: what is there.
        after: what is described; whatever namespace is meant has to be filled in on both sides.
        budget: the environment's budget.
        kept: objects that are never deleted.
    """
    there, described = frozenset(before), frozenset(after)
    gone = there - described
    removed = tuple(sorted(gone - frozenset(kept)))
    allowed = allowed_removals(budget, len(there))
    emptied = bool(there) and not described
    return PruneVerdict(
        removed=removed,
        kept=tuple(sorted(gone & frozenset(kept))),
        total=len(there),
        allowed=allowed,
        emptied=emptied,
        exceeded=emptied or len(removed) > allowed,
        confirm=tuple(item for item in removed if item.kind in budget.confirm),
        budget=describe_budget(budget),
    )


def keeps(manifest: Manifest) -> bool:
    """Whether an annotation says that the object stays when its description goes."""
    found = fields.annotations(manifest.body)
    return any(found.get(key, "").lower() == value for key, value in _KEPT)
