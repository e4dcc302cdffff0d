"""The `images` input of `tag`: names that tags are put behind."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.tags.lines import csv_lines
from gitops_action.errors import UsageError

_FIX = "write a name, or `name=…,enable=true|false`"


def parse_image_names(text: str) -> tuple[str, ...]:
    """Read names, or `name=…,enable=true|false`, a line; upper case becomes lower case.

    Raises:
        UsageError: an attribute is unknown, a name is missing or no image name.
    """
    names: list[str] = []
    for line, fields in csv_lines(text, "images"):
        attributes = dict(fields)
        if set(attributes) <= {""}:
            names += [value for _, value in fields if value]
        elif attributes.keys() <= {"", "name", "enable"}:
            names += _named(attributes, line)
        else:
            raise UsageError(f"`images`: unknown attribute in {line!r}", fix=_FIX)
    return tuple(dict.fromkeys(_checked(name.lower()) for name in names))


def _named(attributes: Mapping[str, str], line: str) -> list[str]:
    enabled = attributes.get("enable", "true")
    name = attributes.get("name") or attributes.get("")
    if not name:
        raise UsageError(f"`images`: {line!r} has no name", fix=_FIX)
    if enabled not in {"true", "false"}:
        raise UsageError(f"`images`: enable is {enabled!r} in {line!r}", fix="true or false")
    return [name] if enabled == "true" else []


def _checked(name: str) -> str:
    try:
        reference = parse_reference(name)
    except ImageReferenceError as error:
        error.title = f"`images`: {error.title}"
        raise
    if reference.tag is not None or reference.digest is not None:
        fix = "name the repository alone; the tags come from `tags`"
        raise UsageError(f"`images`: {name} has a tag or digest of its own", fix=fix)
    return name
