"""Health: kstatus' rules, our documented overrides, rules of the configuration, diagnosis."""

from gitops_action.core.config.expressions import expression_problem
from gitops_action.core.health.assess import assess, missing
from gitops_action.core.health.model import Facts, Health, Status

__all__ = [
    "Facts",
    "Health",
    "Status",
    "assess",
    "expression_problem",
    "missing",
]
