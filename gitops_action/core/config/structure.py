"""What is wrong with a configuration's keys and values by the schema, with place, key and fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from gitops_action.core.config.document import Document, Path, written
from gitops_action.core.config.formats import FORMATS
from gitops_action.core.config.schema import Schema, schema
from gitops_action.core.config.select import nearest
from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, UsageError

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

_TYPES = {
    "string": ("text", "put it in quotes"),
    "integer": ("a whole number", "write a number without quotes"),
    "array": ("a list", "write [a, b], also for a single one"),
    "object": ("a mapping", "write `key: value` lines below it"),
    "boolean": ("true or false", "write true or false without quotes"),
}
"""The types of JSON Schema in words, each with what to write."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One place that is not as the schema says, in words; `of_key` where the key is what is wrong.

    `missing` is a required key that is not there, as the last step of the path.
    """

    path: Path
    title: str
    fix: str
    of_key: bool = False
    missing: bool = False

    def error(self, document: Document) -> GitOpsError:
        """The error, placed in the document."""
        place = document.key(self.path) if self.of_key else document.value(self.path)
        return UsageError(self.title, fix=self.fix, location=place)


def faults(data: object) -> list[Fault]:
    """Everything that is not as the schema says; a misspelt required key once, as unknown."""
    found: dict[tuple[Path, bool, bool], Fault] = {}
    for error in _leaves(_validator().iter_errors(data)):
        for fault in _faults(error, data):
            found.setdefault((fault.path, fault.of_key, fault.missing), fault)
    meant = {
        (*fault.path[:-1], nearest(str(fault.path[-1]), known_keys(fault.path[:-1])) or "")
        for fault in found.values()
        if fault.of_key and not fault.missing
    }
    return [fault for fault in found.values() if not fault.missing or fault.path not in meant]


def known_keys(path: Path) -> list[str]:
    """The keys that the schema knows at a path; empty where it knows none by name."""
    return list(_section(_alternatives(_at(path))).get("properties", {}))


@cache
def _validator() -> Draft202012Validator:
    # Imported here: only where there is a configuration to check.
    import jsonschema_rs  # noqa: PLC0415

    formats = {name: item.accepts for name, item in FORMATS.items()}
    return jsonschema_rs.Draft202012Validator(schema(), validate_formats=True, formats=formats)


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The errors where they arise: those of an alternative that has the value's type."""
    from jsonschema_rs import ValidationErrorKind  # noqa: PLC0415 - as above

    for error in errors:
        if not isinstance(error.kind, ValidationErrorKind.AnyOf):
            yield error
            continue
        here = error.instance_path
        meant = [
            branch
            for branch in error.kind.context
            if not any(one.kind.name == "type" and one.instance_path == here for one in branch)
        ]
        if len(meant) == 1:
            yield from _leaves(meant[0])
        else:
            yield error


def _faults(error: ValidationError, data: object) -> Iterator[Fault]:
    """One error of the library in our words; several where it names several keys."""
    from jsonschema_rs import ValidationErrorKind as Kind  # noqa: PLC0415 - as above

    path, value = _path(error, data)
    match error.kind:
        case Kind.AdditionalProperties(unexpected):
            yield from (_unknown((*path, key)) for key in unexpected)
        case Kind.Required(key):
            yield _missing((*path, str(key)))
        case Kind.PropertyNames():
            yield from _wrong_names(path, value)
        case _:
            yield _wrong_value(path, value, error.kind.name)


def _path(error: ValidationError, data: object) -> tuple[Path, object]:
    """Where the error is, and the value there as the document has it."""
    path, value = tuple(error.instance_path), data
    for step in path:
        value = value[step]  # type: ignore[index]  # the library was there
    return path, value


def _unknown(path: Path) -> Fault:
    inside, keys = written(path[:-1]) or "the file", known_keys(path[:-1])
    guess = nearest(str(path[-1]), keys)
    fix = f"did you mean {guess!r}?" if guess else f"known keys: {', '.join(keys)}"
    return Fault(path=path, title=f"unknown key {path[-1]!r} in {inside}", fix=fix, of_key=True)


def _missing(path: Path) -> Fault:
    value = "1" if path == ("version",) else "…"
    title, fix = f"{written(path)} is missing", f"add `{path[-1]}: {value}`"
    return Fault(path=path, title=title, fix=fix, of_key=True, missing=True)


def _wrong_names(path: Path, value: object) -> Iterator[Fault]:
    name = FORMATS["name"]
    for key in value if isinstance(value, Mapping) else ():
        if reason := name.problem(key):
            here = (*path, key)
            yield Fault(path=here, title=f"{written(here)}: {reason}", fix=name.fix, of_key=True)


def _wrong_value(path: Path, value: object, keyword: str) -> Fault:
    node, *others = _alternatives(_at(path))
    where, known = written(path) or "the file", FORMATS.get(node.get("format", ""))
    if "enum" in node or "const" in node:
        return _wrong_choice(path, value, node)
    reason = known.problem(value) if known and isinstance(value, str) else ""
    if known and reason:
        return Fault(path=path, title=f"{where}: {reason}", fix=known.fix)
    if known and known.otherwise and not isinstance(value, str):
        return Fault(path=path, title=f"{where}: {value!r} is {known.otherwise}", fix=known.fix)
    if keyword in {"type", "anyOf"}:
        expected, fix = _TYPES["object" if _section([node, *others]) else node["type"]]
        return Fault(path=path, title=f"{where} is {_described(value)}, not {expected}", fix=fix)
    if keyword == "minimum":
        fix = f"write a number greater than or equal to {node['minimum']}"
        return Fault(path=path, title=f"{where} is {value!r}", fix=fix)
    fix = f"write something, or remove {path[-1]!r}"
    return Fault(path=path, title=f"{where} is empty", fix=fix)


def _wrong_choice(path: Path, value: object, node: Schema) -> Fault:
    *first, last = [str(one) for one in node.get("enum", [node.get("const")])]
    choice = f"{', '.join(first)} or {last}" if first else last
    title = f"{written(path)} is {_described(value)}"
    return Fault(path=path, title=title, fix=f"write {choice}")


def _described(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)


# Where in the schema a path of the document leads.


def _at(path: Path) -> Schema:
    """The part of the schema for the value at a path; an empty one where it has none."""
    here = schema()
    for step in path:
        found = _alternatives(here)
        if isinstance(step, int):
            here = next((one["items"] for one in found if "items" in one), {})
        else:
            section = _section(found)
            here = section.get("properties", {}).get(step) or _others(section)
    return here


def _others(section: Schema) -> Schema:
    rest = section.get("additionalProperties")
    return rest if isinstance(rest, dict) else {}


def _alternatives(node: Schema) -> list[Schema]:
    """What a value may be, references followed; that it may be empty is no alternative."""
    if "$ref" in node:
        return _alternatives(schema()["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        found = [part for one in node["anyOf"] for part in _alternatives(one)]
        return [part for part in found if part.get("type") != "null"]
    return [node]


def _section(alternatives: Sequence[Schema]) -> Schema:
    """The alternative that has keys; an empty one where none has."""
    return next((one for one in alternatives if one.get("type") == "object"), {})
