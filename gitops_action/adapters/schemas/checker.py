"""One compiled schema, and what it says of an object. jsonschema-rs is imported only with it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

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
