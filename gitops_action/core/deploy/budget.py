"""How many objects may go at once without a person asking for it (`deploy.prune.max`)."""

from __future__ import annotations

from math import floor

from gitops_action.core.config.deploy import PruneBudget


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
