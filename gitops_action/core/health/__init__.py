"""Health: kstatus' rules, our documented overrides, rules of the configuration, diagnosis."""

from gitops_action.core.health.assess import assess, expression_problem, missing
from gitops_action.core.health.model import Facts, Health, Status

__all__ = [
    "Facts",
    "Health",
    "Status",
    "assess",
    "expression_problem",
    "missing",
]
