"""When nothing is deleted at all, and what the person who reads it can do."""

from __future__ import annotations

from gitops_action.core.validation.prune import PruneVerdict
from gitops_action.errors import GitOpsError

_NAMED = 5


class PruneRefusedError(GitOpsError):
    """Deleting was refused as a whole: what was applied stays, and nothing was deleted."""


def refusal_of(
    verdict: PruneVerdict, *, described: bool, confirmed: bool
) -> PruneRefusedError | None:
    """The refusal, or None when the objects may go.

    Args:
        verdict: what would go, measured against the budget.
        described: the environment describes at least one object.
        confirmed: a person confirmed this prune; an empty environment is refused all the same.
    """
    if not verdict.removed:
        return None
    if not described:
        return PruneRefusedError(
            "Nothing was pruned: the environment describes no object at all",
            cause=f"{len(verdict.removed)} objects would have been deleted",
            fix="check what it renders to; to take it down, delete its objects yourself",
        )
    if confirmed or len(verdict.removed) <= verdict.allowed:
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
