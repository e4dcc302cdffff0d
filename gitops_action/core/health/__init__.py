"""Health: kstatus' rules, our documented overrides, rules of the configuration, diagnosis."""

from gitops_action.core.health.assess import assess, missing
from gitops_action.core.health.model import Facts, Health, Status
from gitops_action.core.health.rules import expression_problem

__all__ = [
    "Facts",
    "Health",
    "Status",
    "assess",
    "expression_problem",
    "missing",
]
