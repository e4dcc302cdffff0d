"""When a new value of `set` keeps the type of the old one."""

from __future__ import annotations

import json

from gitops_action.core.yaml.nodes import Scalar
from gitops_action.core.yaml.quote import plain_safe
from gitops_action.core.yaml.resolve import Kind, kinds

_NUMBERS = frozenset({"int", "float"})


def keeps_type(scalar: Scalar, value: str, *, is_json: bool) -> bool:
    """Whether `value`, written plain, reads as what `scalar` is: a number stays a number."""
    if scalar.style != "plain" or scalar.kind == "string":
        return False
    older, newer = kinds(value)
    fits = _family(scalar.kind) == _family(older if newer == "string" else newer)
    writable = not value or plain_safe(value, flow=scalar.flow)
    return fits and writable and (not is_json or _is_json(value))


def _family(kind: Kind) -> str:
    return "number" if kind in _NUMBERS else kind


def _is_json(value: str) -> bool:
    try:
        return not isinstance(json.loads(value), str | list | dict)
    except ValueError:
        return False
