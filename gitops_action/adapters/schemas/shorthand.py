"""The bundled schemas: kinds that GitOps tools bring, written in a shorthand of our own.

A leaf names a type (`text`, `number`, `flag`, `map` of texts, `any`, `duration`, or values that
are allowed as `one|other`, a single one as `only|`), or a shape from the file's `shapes`. A mapping
is an object with these fields, `!` behind a name says that it is required; a list of one item is a
list of such items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from gitops_action.core.manifests.fields import mapping, texts
from gitops_action.core.validation.structural import JsonSchema

FILES = ("flux.yaml", "kustomize.yaml")
_DURATION = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"
_LEAVES: Mapping[str, JsonSchema] = {
    "any": {},
    "duration": {"type": ["string", "null"], "pattern": _DURATION},
    "flag": {"type": ["boolean", "null"]},
    "map": {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}},
    "number": {"type": ["integer", "null"]},
    "text": {"type": ["string", "null"]},
}

Kind = tuple[str, str, str]


@lru_cache(maxsize=1)
def bundled_kinds(metadata: str) -> Mapping[Kind, JsonSchema]:
    """The bundled schemas by group, version and kind.

    Args:
        metadata: address of the schema of objects' metadata.
    """
    return dict(entry for name in FILES for entry in _read(name, metadata))


def _read(name: str, metadata: str) -> Iterator[tuple[Kind, JsonSchema]]:
    import yaml  # noqa: PLC0415 - only who checks objects pays for it

    text = files("gitops_action").joinpath("schemas", name).read_text("utf-8")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    shapes = mapping(document, "shapes")
    for group, kinds in mapping(document, "kinds").items():
        for kind, described in mapping(kinds if isinstance(kinds, Mapping) else {}).items():
            for version, whole in _versions(described):
                yield (group, version, kind), _resource(whole, shapes, metadata)


def _versions(described: object) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    """Each version with its fields; of older ones only the name is known."""
    if not isinstance(described, Mapping):
        return
    whole = {key: value for key, value in described.items() if key not in {"versions", "older"}}
    yield from ((version, whole) for version in texts(described, "versions"))
    yield from ((version, None) for version in texts(described, "older"))


def _resource(
    fields: Mapping[str, object] | None, shapes: Mapping[str, object], metadata: str
) -> JsonSchema:
    known = schema_of(fields, shapes) if fields is not None else {"type": "object"}
    properties = known.get("properties")
    return {
        **known,
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": metadata},
            **(properties if isinstance(properties, dict) else {}),
        },
    }


def schema_of(written: object, shapes: Mapping[str, object]) -> JsonSchema:
    """What a piece of shorthand stands for.

    Raises:
        ValueError: it names neither a type nor a shape.
    """
    if isinstance(written, Mapping):
        return _object(written, shapes)
    if isinstance(written, list):
        return {"type": ["array", "null"], "items": schema_of(written[0], shapes)}
    name = str(written)
    if name in _LEAVES:
        return dict(_LEAVES[name])
    if name in shapes:
        return schema_of(shapes[name], shapes)
    if "|" in name:
        return {"enum": [*(value for value in name.split("|") if value), None]}
    raise ValueError(f"{name!r} is neither a type nor a shape")


def _object(written: Mapping[str, object], shapes: Mapping[str, object]) -> JsonSchema:
    fields = {key.removesuffix("!"): schema_of(inner, shapes) for key, inner in written.items()}
    required = [key.removesuffix("!") for key in written if key.endswith("!")]
    return {
        "type": ["object", "null"],
        "properties": fields,
        "required": required,
        "additionalProperties": False,
    }
