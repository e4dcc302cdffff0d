"""Text that is filled in later: variables and expressions of the tools around Kubernetes."""

from __future__ import annotations

from gitops_action.core.pattern import pattern

_UNKNOWN = pattern(r"\$\{|\$\(|\{\{|<%|#\{|\$[A-Z_]")


def holds_variable(text: str) -> bool:
    """Whether a text has a variable or a template's expression in it."""
    return _UNKNOWN.search(text) is not None
