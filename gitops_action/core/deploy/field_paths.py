"""Ways to a field of an object, and whether managed fields name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from gitops_action.core.deploy.field_managers import list_key
from gitops_action.core.pattern import pattern

Step: TypeAlias = str | int | Mapping[str, object]
"""A key of a mapping, a position in a list, or what a list item is known by."""
_PLAIN = pattern(r"[A-Za-z0-9_-]+")


def child_of(here: object, step: Step) -> tuple[bool, object]:
    """Whether there is such a child, and its value."""
    if isinstance(step, str):
        return (True, here[step]) if isinstance(here, Mapping) and step in here else (False, None)
    position = position_of(here, step)
    if position is None or not isinstance(here, list | tuple):
        return False, None
    return True, here[position]


def position_of(here: object, step: int | Mapping[str, object]) -> int | None:
    """Where a list item stands; None where there is none."""
    if not isinstance(here, list | tuple):
        return None
    if isinstance(step, int):
        return step if step < len(here) else None
    return next((at for at, one in enumerate(here) if _is_item(one, step)), None)


def _is_item(item: object, key: Mapping[str, object]) -> bool:
    return isinstance(item, Mapping) and all(item.get(name) == key[name] for name in key)


def value_at(body: object, steps: Sequence[Step]) -> tuple[bool, object]:
    """Whether there is such a field, and its value."""
    for step in steps:
        found, body = child_of(body, step)
        if not found:
            return False, None
    return True, body


def owns_field(fields: Mapping[str, object], steps: Sequence[Step]) -> bool:
    """Whether managed fields name this one, something below it, or all that it is part of."""
    here: object = fields
    for step in steps:
        if not isinstance(here, Mapping):
            return False
        if not here:
            return True
        here = _field(here, step)
    return here is not None


def _field(fields: Mapping[str, object], step: Step) -> object:
    if isinstance(step, str):
        return fields.get(f"f:{step}")
    if isinstance(step, int):
        return fields.get(f"i:{step}")
    for written, below in fields.items():
        key = list_key(written)
        if key is not None and all(key.get(name) == step[name] for name in step):
            return below
    return None


def shown(steps: Sequence[Step]) -> str:
    """For people: `spec.template.spec.containers[name=web].image`."""
    parts: list[str] = []
    for step in steps:
        if isinstance(step, Mapping):
            parts.append(f"[{','.join(f'{name}={value}' for name, value in step.items())}]")
        elif isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f"[{step}]")
    return "".join(parts).removeprefix(".")
