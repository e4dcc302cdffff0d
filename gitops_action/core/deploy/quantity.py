"""Quantities of Kubernetes: `1`, `1000m` and `1e0` are the same amount.

Grammar: Kubernetes documentation, "Quantity" (apimachinery, `pkg/api/resource`).
"""

from __future__ import annotations

import re
from decimal import Decimal

_GRAMMAR = re.compile(
    r"(?P<number>[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40}))"
    r"(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?"
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(written: object) -> Decimal | None:
    """The amount, or None when it is no quantity."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    found = _GRAMMAR.fullmatch(str(written))
    if not found:
        return None
    number, suffix = Decimal(found["number"]), found["suffix"] or ""
    if suffix in _BINARY:
        return number * Decimal(2) ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:]))


def same_quantity(one: object, other: object) -> bool:
    """Whether two values are the same amount; False when one is none."""
    first, second = quantity(one), quantity(other)
    return first is not None and first == second
