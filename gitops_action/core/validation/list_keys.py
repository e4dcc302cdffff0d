"""Lists whose items server-side apply distinguishes by key: no two may have the same.

The rule is that of structured-merge-diff, which parses what is applied by the markers of the
OpenAPI schema (`x-kubernetes-list-type: map` with `x-kubernetes-list-map-keys`, and `set`): such an
object is refused as a whole with "duplicate entries for key".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import mapping, text, texts
from gitops_action.core.validation.objects import Steps
from gitops_action.core.validation.structural import JsonSchema

TYPE, KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
_DEFAULTS = {"protocol": "TCP"}
"""Of ports, whose key may be left out (Kubernetes API reference: ContainerPort, ServicePort)."""

_MAPPINGS = (dict, Mapping)
_CONTAINERS = (*_MAPPINGS, list)
"""What most are comes first: asking the abstract class alone takes five times as long."""

Resolve = Callable[[str], Mapping[str, object]]
"""Gives the schema that a `$ref` names; an empty one where there is none."""


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """An item that is in a list a second time.

    Attributes:
        steps: the list.
        index: the second item.
        keys: what distinguishes items, with this item's values; of a set the item itself by "".
    """

    steps: Steps
    index: int
    keys: Mapping[str, object]


def duplicate_items(
    value: object, schema: Mapping[str, object], resolve: Resolve, steps: Steps = ()
) -> Iterator[Duplicate]:
    """Every item that server-side apply would refuse, at any depth of an object."""
    schema = _resolved(schema, resolve)
    if isinstance(value, _MAPPINGS):
        named, others = mapping(schema, "properties"), mapping(schema, "additionalProperties")
        for key, item in value.items():
            if isinstance(item, _CONTAINERS):
                inner = named.get(key, others)
                if isinstance(inner, _MAPPINGS) and inner:
                    yield from duplicate_items(item, inner, resolve, (*steps, str(key)))
    elif isinstance(value, list):
        if len(value) > 1:
            yield from _repeated(value, schema, steps)
        items = mapping(schema, "items")
        for index, item in enumerate(value if items else ()):
            yield from duplicate_items(item, items, resolve, (*steps, index))


def _resolved(schema: Mapping[str, object], resolve: Resolve) -> Mapping[str, object]:
    """The schema itself: behind references, and beside a null that is allowed as well."""
    while True:
        reference = text(schema, "$ref")
        choices = schema.get("anyOf")
        if reference:
            schema = resolve(reference)
        elif isinstance(choices, list) and "properties" not in schema and "items" not in schema:
            real = [one for one in choices if isinstance(one, Mapping) and one != _NULL]
            if len(real) != 1:
                return schema
            schema = real[0]
        else:
            return schema


_NULL: JsonSchema = {"type": "null"}


def _repeated(
    items: list[object], schema: Mapping[str, object], steps: Steps
) -> Iterator[Duplicate]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        keys = _keys(item, schema)
        if keys is None:
            continue
        written = json.dumps(keys, sort_keys=True, default=str)
        if written in seen:
            yield Duplicate(steps=steps, index=index, keys=keys)
        seen.add(written)


def _keys(item: object, schema: Mapping[str, object]) -> Mapping[str, object] | None:
    """What distinguishes the item; None where nothing does, or where it lacks a key."""
    if text(schema, TYPE) == "set":
        return None if isinstance(item, Mapping | list) else {"": item}
    if text(schema, TYPE) != "map" or not isinstance(item, Mapping):
        return None
    properties = mapping(schema, "items", "properties")
    found: dict[str, object] = {}
    for name in texts(schema, KEYS):
        value = item.get(name, mapping(properties, name).get("default", _DEFAULTS.get(name)))
        if value is None:
            return None
        found[name] = value
    return found
