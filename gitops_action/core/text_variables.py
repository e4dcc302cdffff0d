"""Text that is filled in later: variables and expressions of the tools around Kubernetes."""

from __future__ import annotations

import re

from gitops_action.core.pattern import pattern

_UNKNOWN = pattern(r"\$\{|\$\(|\{\{|<%|#\{|\$[A-Z_]")


def holds_variable(text: str) -> bool:
    """Whether a text has a variable or a template's expression in it."""
    return _UNKNOWN.search(text) is not None


# Flux's variables, in the grammar of drone/envsubst, of which Flux has a fork.

_NESTED = 3
"""How deep variables may stand in the defaults of others, as in `${A:-${B:-${C}}}`."""


def _default(depth: int) -> str:
    """The text of a default, up to the brace that ends it."""
    nested = rf"|\$\{{[A-Za-z_]\w*{_default(depth - 1)}\}}" if depth else ""
    return rf"(?:[^}}$]|\$(?!\{{){nested})*"


FLUX_VARIABLE = pattern(
    r"(?<!\$)\$\{(?P<name>[A-Za-z_]\w*)"
    rf"(?P<form>:?[-=](?P<default>{_default(_NESTED)})|[^}}]*)\}}"
)
"""A variable in a text; `form` is what stands behind its name."""


def is_evaluated(found: re.Match[str]) -> bool:
    """Whether a variable has no form, or a default; other forms are left to Flux."""
    return not found["form"] or found["default"] is not None
