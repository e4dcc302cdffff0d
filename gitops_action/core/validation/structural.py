"""Schemas of custom kinds as JSON Schema.

A CustomResourceDefinition writes them as OpenAPI 3 with rules of its own (Kubernetes
documentation, "Extend the Kubernetes API with CustomResourceDefinitions": structural schemas,
pruning, defaulting). Rules in CEL (`x-kubernetes-validations`) are left to the API server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Body, Manifest
from gitops_action.core.manifests.fields import flag, items, mapping, text, texts
from gitops_action.core.validation.objects import Steps

JsonSchema = dict[str, object]

_KEPT = (
    "enum",
    "maximum",
    "minimum",
    "multipleOf",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxLength",
    "minLength",
    "pattern",
    "maxProperties",
    "minProperties",
    "default",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
)
_JUNCTIONS = ("allOf", "anyOf", "oneOf")
_TYPE_ROOT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}


@dataclass(frozen=True, kw_only=True)
class KindSchema:
    """The schema of one version of a custom kind.

    `schema` is None where the definition has none: everything is allowed. `metadata` inside of it
    refers to the address given to `kind_schemas`. A version that is not `served` cannot be used.
    """

    group: str
    kind: str
    version: str
    served: bool
    schema: JsonSchema | None


def kind_schemas(definition: Manifest, metadata: str) -> Iterator[KindSchema]:
    """The versions that a CustomResourceDefinition (`apiextensions.k8s.io/v1`) defines.

    Args:
        definition: the object; one of another shape gives what can be read of it.
        metadata: address of the schema of objects' metadata, which no definition describes.
    """
    body = definition.body
    opened = flag(body, "spec", "preserveUnknownFields") is True
    for version in items(body, "spec", "versions"):
        written = mapping(version, "schema", "openAPIV3Schema")
        yield KindSchema(
            group=text(body, "spec", "group"),
            kind=text(body, "spec", "names", "kind"),
            version=text(version, "name"),
            served=flag(version, "served") is not False,
            schema=_Converter(metadata, closed=not opened).resource(written) if written else None,
        )


class _Converter:
    def __init__(self, metadata: str, *, closed: bool) -> None:
        self._metadata = metadata
        self._closed = closed

    def resource(self, written: Body) -> JsonSchema:
        """A whole object: type and metadata are allowed though no schema names them."""
        described = {
            key: value
            for key, value in mapping(written, "properties").items()
            if key not in {"apiVersion", "kind", "metadata"}
        }
        schema = self.schema({**written, "properties": described}, closed=self._closed)
        own = schema.get("properties")
        schema["properties"] = {
            **_TYPE_ROOT,
            "metadata": {"$ref": self._metadata},
            **(own if isinstance(own, dict) else {}),
        }
        schema["type"] = "object"
        return schema

    def schema(self, written: Body, *, closed: bool) -> JsonSchema:
        """Any schema. `closed`: fields that it does not name are errors, as they get pruned."""
        if flag(written, "x-kubernetes-embedded-resource"):
            inner = {k: v for k, v in written.items() if k != "x-kubernetes-embedded-resource"}
            return {**self.resource(inner), "required": ["apiVersion", "kind"]}
        schema = {key: written[key] for key in _KEPT if key in written}
        _bounds(written, schema)
        if flag(written, "x-kubernetes-int-or-string"):
            schema["type"] = ["integer", "string"]
        elif text(written, "type"):
            schema["type"] = text(written, "type")
        self._inside(written, schema, closed=closed)
        self._junctions(written, schema)
        return nullable(schema) if flag(written, "nullable") else schema

    def _inside(self, written: Body, schema: JsonSchema, *, closed: bool) -> None:
        required = _required(written)
        if required:
            schema["required"] = list(required)
        properties = mapping(written, "properties")
        if properties:
            schema["properties"] = {
                name: self._property(inner, closed=closed, empty=name not in required)
                for name, inner in properties.items()
                if isinstance(inner, Mapping)
            }
        if isinstance(written.get("items"), Mapping):
            schema["items"] = self.schema(mapping(written, "items"), closed=closed)
        if isinstance(written.get("additionalProperties"), Mapping):
            values = self.schema(mapping(written, "additionalProperties"), closed=closed)
            schema["additionalProperties"] = nullable(values)
        elif closed and _is_pruned(written):
            schema["additionalProperties"] = False

    def _property(self, written: Body, *, closed: bool, empty: bool) -> JsonSchema:
        """An optional property may be null: the API server drops it then."""
        schema = self.schema(written, closed=closed)
        return nullable(schema) if empty else schema

    def _junctions(self, written: Body, schema: JsonSchema) -> None:
        """`allOf` and the like only check values; what is allowed at all stands beside them."""
        if flag(written, "x-kubernetes-int-or-string"):
            return
        for junction in _JUNCTIONS:
            found = items(written, junction)
            if found:
                schema[junction] = [self.schema(inner, closed=False) for inner in found]
        if isinstance(written.get("not"), Mapping):
            schema["not"] = self.schema(mapping(written, "not"), closed=False)


def nullable(schema: JsonSchema) -> JsonSchema:
    """The same schema, which takes null as well."""
    kind = schema.get("type")
    if isinstance(kind, list) and "null" in kind:
        return schema
    if any(key in schema for key in ("enum", "not", *_JUNCTIONS)):
        return {"anyOf": [{"type": "null"}, schema]}
    if isinstance(kind, str):
        return {**schema, "type": [kind, "null"]}
    return {**schema, "type": [*kind, "null"]} if isinstance(kind, list) else schema


def _is_pruned(written: Body) -> bool:
    """Whether the API server drops fields that the schema does not name."""
    if flag(written, "x-kubernetes-preserve-unknown-fields"):
        return False
    allowed = written.get("additionalProperties")
    return text(written, "type") == "object" and allowed is not True


def _required(written: Body) -> tuple[str, ...]:
    """What has to be written: what is required and has no default."""
    names = texts(written, "required")
    properties = mapping(written, "properties")
    return tuple(name for name in names if "default" not in mapping(properties, name))


def _bounds(written: Body, schema: JsonSchema) -> None:
    """OpenAPI 3.0 says beside a limit whether it is exclusive, JSON Schema has an own keyword."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag(written, exclusive) and limit in schema:
            schema[exclusive] = schema.pop(limit)


# Lists whose items server-side apply distinguishes by key: no two may have the same.
#
# The rule is that of structured-merge-diff, which parses what is applied by the markers of the
# OpenAPI schema (`x-kubernetes-list-type: map` with `x-kubernetes-list-map-keys`, and `set`): such
# an object is refused as a whole with "duplicate entries for key".

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
