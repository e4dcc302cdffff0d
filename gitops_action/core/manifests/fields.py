"""Typed access to the fields of an object, whose shape nobody has checked yet.

Each function walks the keys; what is missing, or is something else than asked for, reads as empty.
"""

from collections.abc import Mapping

from gitops_action.core.manifests.model import Body

_NOTHING: Mapping[str, object] = {}


def value(body: Body, *keys: str) -> object:
    """Whatever is there; None where a key is missing."""
    here: object = body
    for key in keys:
        if not isinstance(here, Mapping):
            return None
        here = here.get(key)
    return here


def mapping(body: Body, *keys: str) -> Mapping[str, object]:
    """A mapping; an empty one where there is none."""
    found = value(body, *keys)
    return found if isinstance(found, Mapping) else _NOTHING


def items(body: Body, *keys: str) -> tuple[Mapping[str, object], ...]:
    """The mappings of a list, in order; whatever else it holds is left out."""
    found = value(body, *keys)
    listed = found if isinstance(found, list | tuple) else ()
    return tuple(item for item in listed if isinstance(item, Mapping))


def texts(body: Body, *keys: str) -> tuple[str, ...]:
    """The text items of a list, in order."""
    found = value(body, *keys)
    listed = found if isinstance(found, list | tuple) else ()
    return tuple(item for item in listed if isinstance(item, str))


def text(body: Body, *keys: str) -> str:
    """Text; empty where there is none."""
    found = value(body, *keys)
    return found if isinstance(found, str) else ""


def number(body: Body, *keys: str) -> int | None:
    """A whole number; None where there is none (a boolean is none)."""
    found = value(body, *keys)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag(body: Body, *keys: str) -> bool | None:
    """A boolean; None where there is none."""
    found = value(body, *keys)
    return found if isinstance(found, bool) else None


def labels(body: Body) -> Mapping[str, str]:
    """The labels of an object that are text."""
    return _texts_of(mapping(body, "metadata", "labels"))


def annotations(body: Body) -> Mapping[str, str]:
    """The annotations of an object that are text."""
    return _texts_of(mapping(body, "metadata", "annotations"))


def _texts_of(found: Mapping[str, object]) -> Mapping[str, str]:
    return {key: item for key, item in found.items() if isinstance(item, str)}
