"""Typed access to the fields of an object, whose shape is not checked yet."""

from collections.abc import Mapping
from types import MappingProxyType

from gitops_action.core.json_values import flag, items, mapping, number, text, texts, value
from gitops_action.core.manifests.model import Body

__all__ = [
    "annotations",
    "flag",
    "items",
    "labels",
    "mapping",
    "number",
    "text",
    "texts",
    "value",
]


def labels(body: Body) -> Mapping[str, str]:
    """The labels of an object that are text."""
    return _texts_of(mapping(body, "metadata", "labels"))


_NONE: Mapping[str, str] = MappingProxyType({})


def annotations(body: Body) -> Mapping[str, str]:
    """The annotations of an object that are text."""
    return _texts_of(mapping(body, "metadata", "annotations"))


def _texts_of(found: Mapping[str, object]) -> Mapping[str, str]:
    if not found:  # as of most objects, which are asked often
        return _NONE
    return {key: item for key, item in found.items() if isinstance(item, str)}
