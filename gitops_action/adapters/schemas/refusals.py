"""Words for values that a schema refuses."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.config.select import nearest
from gitops_action.core.report.concealed import concealed

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
        details: what the validator tells of the keyword.
        instance: the value.
    """
    if keyword == "type":
        return _wrong_type(path, said, details, instance)
    if keyword in {"enum", "const"}:
        return _wrong_choice(path, said, details, instance)
    if keyword == "format" and details.get("format") == "byte":
        return f"{path} is no base64", "encode it; a Secret takes plain text below `stringData`"
    if keyword in _LIMITS and "limit" in details:
        return f"{path} is {said}; {_LIMITS[keyword]} {details['limit']}", f"change {path}"
    if keyword == "pattern":
        return f"{path} is {said} and does not match {details.get('pattern')}", f"change {path}"
    return f"{path} is {said}, which its schema does not allow ({keyword})", f"change {path}"


def _wrong_type(
    path: str, said: str, details: Mapping[str, object], instance: object
) -> tuple[str, str]:
    types = [str(name) for name in _listed(details.get("types")) if name != "null"]
    wanted = " or ".join(_TYPES.get(name, name) for name in types) or "empty"
    return f"{path} is {said}, not {wanted}", _retyped(instance, types)


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
