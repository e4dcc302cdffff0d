"""What a JSON Schema validator finds, in words about the object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from gitops_action.adapters.schemas.checker import Checker, properties_at
from gitops_action.core.config.select import nearest
from gitops_action.core.manifests import Manifest
from gitops_action.core.redaction.known import concealed
from gitops_action.core.redaction.objects import redacted
from gitops_action.core.validation.objects import ObjectProblem, Steps, written
from gitops_action.core.validation.structural import duplicate_items

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

# Words for values that a schema refuses.

_LONGEST = 40
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
}
_LIMITS = {
    "minimum": "it has to be at least",
    "maximum": "it may be at most",
    "exclusiveMinimum": "it has to be more than",
    "exclusiveMaximum": "it has to be less than",
    "minLength": "its length has to be at least",
    "maxLength": "its length may be at most",
    "minItems": "the number of its items has to be at least",
    "maxItems": "the number of its items may be at most",
    "minProperties": "the number of its fields has to be at least",
    "maxProperties": "the number of its fields may be at most",
}


def said_of(instance: object, *, hidden: bool) -> str:
    """A value for people, not too long; of one that may be secret (`hidden`) only its type."""
    if instance is None:
        return "empty"
    if isinstance(instance, Mapping):
        return "a mapping"
    if isinstance(instance, list):
        return "a list"
    if isinstance(instance, str):
        return "text" if hidden else f"text ({_short(instance)!r})"
    if isinstance(instance, bool):
        return "true or false" if hidden else str(instance).lower()
    return "a number" if hidden else str(instance)


def refusal(
    path: str, said: str, keyword: str, details: Mapping[str, object], instance: object
) -> tuple[str, str]:
    """Title and fix for a value that its schema refuses.

    Args:
        path: where it stands, in words.
        said: the value, in words.
        keyword: the keyword of JSON Schema that it breaks.
        details: what the validator reports about the keyword.
        instance: the value.
    """
    if keyword == "type":
        return _wrong_type(path, said, details, instance)
    if keyword in {"enum", "const"}:
        return _wrong_choice(path, said, details, instance)
    if keyword == "format" and details.get("format") == "byte":
        return f"{path} is not base64", "encode it; a Secret takes plain text below `stringData`"
    if keyword in _LIMITS and "limit" in details:
        return f"{path} is {said}; {_LIMITS[keyword]} {details['limit']}", f"change {path}"
    if keyword == "pattern":
        return f"{path} is {said} and does not match {details.get('pattern')}", f"change {path}"
    return f"{path} is {said}, which its schema does not allow ({keyword})", f"change {path}"


def _wrong_type(
    path: str, said: str, details: Mapping[str, object], instance: object
) -> tuple[str, str]:
    types = [str(name) for name in _listed(details.get("types")) if name != "null"]
    requested = " or ".join(_TYPES.get(name, name) for name in types) or "empty"
    return f"{path} is {said}, not {requested}", _retyped(instance, types)


def _wrong_choice(
    path: str, said: str, details: Mapping[str, object], instance: object
) -> tuple[str, str]:
    options = _listed(details.get("options", [details.get("expected_value")]))
    allowed = [str(option) for option in options if option is not None and option != ""]
    near = nearest(instance, allowed) if isinstance(instance, str) else None
    fix = f"did you mean {near!r}?" if near else f"write one of: {', '.join(allowed)}"
    return f"{path} is {said}, which is none of its values", fix


def _retyped(instance: object, types: list[str]) -> str:
    if "string" in types and isinstance(instance, bool | int | float):
        return "put it in quotes"
    if isinstance(instance, str) and {"integer", "number", "boolean"}.intersection(types):
        return "write it without quotes"
    if instance is None:
        return "write a value, or remove the field"
    if types == ["array"]:
        return "write a list, also for a single item"
    return "write `key: value` lines below it" if types == ["object"] else "change it"


def _short(value: str) -> str:
    shown = concealed(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _listed(found: object) -> list[object]:
    return list(found) if isinstance(found, list | tuple) else []


_NEAR = 0.8
_SHOWN = 8
_ENCRYPTED = "ENC["
_VARIABLE = "${"


def problems_of(manifest: Manifest, checker: Checker) -> Iterator[ObjectProblem]:
    """What is wrong with the object, one problem for each place and fault.

    `status` is left out: what a description says there is dropped by the API server. So are
    values that SOPS has encrypted, whose shape means nothing.
    """
    body = {key: value for key, value in manifest.body.items() if key not in {"status", "sops"}}
    seen: set[tuple[Steps, str]] = set()
    words = _Words(manifest, checker)
    for error in checker.errors(body):
        for problem in words.problems(error):
            key = (problem.steps, problem.title)
            if key not in seen:
                seen.add(key)
                yield problem


def duplicates_of(manifest: Manifest, checker: Checker) -> Iterator[ObjectProblem]:
    """Items of lists that server-side apply refuses, for another one has the same key."""
    for found in duplicate_items(manifest.body, checker.schema, checker.definition):
        path = written(found.steps)
        said = " and ".join(f"{key} {value}".strip() for key, value in found.keys.items())
        names = " and ".join(key for key in found.keys if key) or "value"
        yield ObjectProblem(
            f"{path} has two items with {said.strip()}",
            manifest=manifest,
            steps=(*found.steps, found.index),
            cause=f"server-side apply refuses the object: the items of this list differ by {names}",
            fix="remove one of the two",
        )


class _Words:
    def __init__(self, manifest: Manifest, checker: Checker) -> None:
        self._manifest = manifest
        self._checker = checker

    def problems(self, error: ValidationError) -> Iterator[ObjectProblem]:
        instance, steps = error.instance, tuple(error.instance_path)
        if isinstance(instance, str) and self._is_unknown(instance):
            return
        keyword, details = error.kind.name, error.kind.as_dict()
        if keyword in {"additionalProperties", "unevaluatedProperties"}:
            yield from self._unknown(error, steps, details["unexpected"])
        elif keyword in {"anyOf", "oneOf"} and details.get("context"):
            yield from self._choice(error, steps)
        elif keyword == "required":
            yield self._missing(steps, str(details["property"]))
        else:
            yield self._value(error, steps, keyword, details)

    def _is_unknown(self, value: str) -> bool:
        """Whether it is encrypted, or a variable that Flux fills in with what nobody knows here."""
        filled_in = self._manifest.deployer is not None and _VARIABLE in value
        return filled_in or value.startswith(_ENCRYPTED)

    def _unknown(
        self, error: ValidationError, steps: Steps, names: list[str]
    ) -> Iterator[ObjectProblem]:
        known = properties_at(self._checker, error.schema_path[:-1])
        for name in names:
            near = _near(name, known) or (
                None if self._checker.near_only else _nearest(name, known)
            )
            if near or not self._checker.near_only:
                listed = ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
                yield self._problem(
                    (*steps, name),
                    f"unknown field {written((*steps, name))}",
                    fix=f"did you mean {near!r}?" if near else f"known here: {listed or 'nothing'}",
                )

    def _missing(self, steps: Steps, name: str) -> ObjectProblem:
        path = written((*steps, name))
        return self._problem((*steps, name), f"{path} is missing", fix=f"add `{name}: …`")

    def _choice(self, error: ValidationError, steps: Steps) -> Iterator[ObjectProblem]:
        """Of several forms the one that fits best explains the most."""
        branches = [list(branch) for branch in error.kind.as_dict()["context"]]
        real = [branch for branch in branches if not _only_null(branch, len(steps))]
        if len(real) == 1:
            for inner in real[0]:
                yield from self.problems(inner)
            return
        needed = [branch[0].kind.as_dict() for branch in real if _only_required(branch)]
        path = written(steps) or "the object"
        if needed and len(needed) == len(real):
            names = ", ".join(sorted({str(each["property"]) for each in needed}))
            yield self._problem(steps, f"{path} needs one of {names}", fix="add one of them")
        elif real:
            best = max(real, key=lambda branch: (_depth(branch), -len(branch)))
            if _depth(best) > len(steps):
                for inner in best:
                    yield from self.problems(inner)
            else:
                yield self._problem(steps, f"{path} has none of the forms that are allowed")

    def _value(
        self, error: ValidationError, steps: Steps, keyword: str, details: Mapping[str, object]
    ) -> ObjectProblem:
        path, instance = written(steps) or "the object", error.instance
        said = said_of(instance, hidden=self._hidden(steps))
        title, fix = refusal(path, said, keyword, details, instance)
        if isinstance(instance, str) and _VARIABLE in instance:
            return self._problem(
                steps,
                title,
                cause="it holds a variable, which Flux may fill in (`postBuild.substitute`)",
                fix="make sure that the variable is defined",
                level="warning",
            )
        return self._problem(steps, title, fix=fix)

    @cached_property
    def _redacted(self) -> object:
        return redacted(self._manifest.body)

    def _hidden(self, steps: Steps) -> bool:
        """Whether a value there is, or holds, what is not shown in a diff either."""
        shown: object = self._redacted
        real: object = self._manifest.body
        for step in steps:
            shown, real = _below(shown, step), _below(real, step)
        return shown != real

    def _problem(
        self, steps: Steps, title: str, *, cause: str = "", fix: str = "", level: str = "error"
    ) -> ObjectProblem:
        return ObjectProblem(
            f"{self._manifest.id}: {title}",
            manifest=self._manifest,
            steps=steps,
            cause=cause,
            fix=fix,
            level="warning" if level == "warning" else "error",
        )


def _below(here: object, step: str | int) -> object:
    if isinstance(here, Mapping):
        return here.get(step)
    return here[step] if isinstance(here, list | tuple) and isinstance(step, int) else None


@lru_cache(maxsize=4096)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    return nearest(name, known)


@lru_cache(maxsize=4096)
def _near(name: str, known: tuple[str, ...]) -> str | None:
    """A known field that differs by case or a letter or two."""
    by_case = {each.lower(): each for each in known}
    if name.lower() in by_case:
        return by_case[name.lower()]
    return next(iter(get_close_matches(name, known, n=1, cutoff=_NEAR)), None)


def _only_null(branch: list[ValidationError], depth: int) -> bool:
    """Whether a branch is the one that allows null."""
    return len(branch) == 1 and (
        branch[0].kind.name == "type"
        and branch[0].kind.as_dict()["types"] == ["null"]
        and len(branch[0].instance_path) == depth
    )


def _only_required(branch: list[ValidationError]) -> bool:
    return len(branch) == 1 and branch[0].kind.name == "required"


def _depth(branch: list[ValidationError]) -> int:
    return max((len(error.instance_path) for error in branch), default=0)
