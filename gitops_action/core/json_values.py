"""Typed access to values as JSON has them, whose shape is not checked yet.

Each function walks the keys; what is missing, or is of another type than asked for, reads as empty.
"""

from __future__ import annotations

from collections.abc import Mapping

_NOTHING: Mapping[str, object] = {}
_LISTS = (list, tuple)
_MAPPINGS = (dict, Mapping)
"""What most mappings are comes first: asking the abstract class alone takes five times as long."""


def value(body: object, *keys: str) -> object:
    """Whatever is there; None where a key is missing."""
    here = body
    for key in keys:
        # Nothing and a dict are what most values are, and asked for the quickest.
        if here is None or not (type(here) is dict or isinstance(here, Mapping)):
            return None
        here = here.get(key)
    return here


def mapping(body: object, *keys: str) -> Mapping[str, object]:
    """A mapping; an empty one where there is none."""
    found = value(body, *keys)
    return found if found is not None and isinstance(found, _MAPPINGS) else _NOTHING


def items(body: object, *keys: str) -> tuple[Mapping[str, object], ...]:
    """The mappings of a list, in order; whatever else it holds is left out."""
    found = value(body, *keys)
    listed = found if isinstance(found, list | tuple) else ()
    return tuple(item for item in listed if isinstance(item, _MAPPINGS))


def texts(body: object, *keys: str) -> tuple[str, ...]:
    """The text items of a list, in order."""
    found = value(body, *keys)
    listed = found if isinstance(found, _LISTS) else ()
    return tuple([item for item in listed if isinstance(item, str)])


def text(body: object, *keys: str) -> str:
    """Text; empty where there is none."""
    found = value(body, *keys)
    return found if isinstance(found, str) else ""


def number(body: object, *keys: str) -> int | None:
    """A whole number; None where there is none (a boolean is none)."""
    found = value(body, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag(body: object, *keys: str) -> bool | None:
    """A boolean; None where there is none."""
    found = value(body, *keys)
    return found if isinstance(found, bool) else None
