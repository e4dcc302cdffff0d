"""One compiled schema, and what it says of an object. jsonschema-rs is imported only with it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from gitops_action.core.manifests.fields import mapping, texts
from gitops_action.core.validation.structural import JsonSchema

if TYPE_CHECKING:
    import jsonschema_rs


class Library:
    """Schemas that others refer to, by address; nothing else is ever read or fetched."""

    def __init__(self, documents: Mapping[str, JsonSchema]) -> None:
        """Keep them for the first object that is checked."""
        self.documents = documents

    @cached_property
    def registry(self) -> jsonschema_rs.Registry:
        """The documents as the validator takes them, read once for all kinds."""
        import jsonschema_rs  # noqa: PLC0415 - only who checks objects pays for it

        return jsonschema_rs.Registry(list(self.documents.items()))


class Checker:
    """Checks objects of one kind; compiles its schema when the first one comes.

    Args:
        schema: of the kind.
        library: what the schema may refer to.
        near_only: the schema does not claim to know every field, so that an unknown one is an
            error only where it is nearly a known one.
    """

    def __init__(self, schema: JsonSchema, library: Library, *, near_only: bool = False) -> None:
        """Keep the schema for the first object."""
        self.schema = schema
        self.library = library
        self.near_only = near_only
        self._definitions: dict[str, Mapping[str, object]] = {}

    def definition(self, reference: str) -> Mapping[str, object]:
        """The schema that a `$ref` names; an empty one where there is none."""
        if reference not in self._definitions:
            self._definitions[reference] = _definition_at(self, reference)
        return self._definitions[reference]

    def errors(self, body: Mapping[str, object]) -> Iterator[jsonschema_rs.ValidationError]:
        """What is wrong with an object.

        Raises:
            ValueError: the schema itself is none.
        """
        return self._validator.iter_errors(body)

    @cached_property
    def _validator(self) -> jsonschema_rs.Validator:
        import jsonschema_rs  # noqa: PLC0415 - as above

        return jsonschema_rs.validator_for(
            self.schema,
            registry=self.library.registry,
            formats={"byte": is_base64},
            validate_formats=True,
            offline=True,
        )


def _definition_at(checker: Checker, reference: str) -> Mapping[str, object]:
    address, _, pointer = reference.partition("#")
    documents = checker.library.documents
    own = (checker.schema, *documents.values())
    for document in (documents.get(address, {}),) if address else own:
        here: object = document
        for step in pointer.strip("/").split("/"):
            here = here.get(step) if isinstance(here, Mapping) else None
        if isinstance(here, Mapping):
            return here
    return {}


def is_base64(value: str) -> bool:
    """Whether text is base64 as the API reads it: RFC 4648, padded, line breaks allowed."""
    try:
        b64decode(value.replace("\n", "").replace("\r", "").encode("ascii"), validate=True)
    except ValueError:
        return False
    return True


def properties_at(checker: Checker, steps: list[str | int]) -> tuple[str, ...]:
    """The fields that a schema names at a place in it; empty where it names none."""
    for document in (checker.schema, *checker.library.documents.values()):
        here: object = document
        for step in steps:
            if isinstance(here, Mapping):
                here = here.get(step)
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
            else:
                here = None
        found = here.get("properties") if isinstance(here, Mapping) else None
        if isinstance(found, Mapping):
            return tuple(found)
    return ()


# The bundled schemas: kinds that GitOps tools bring, written in a shorthand of our own.

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
