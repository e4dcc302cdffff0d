"""The lines of the `tags` input, read and checked."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

# Lines of comma-separated `name=value` fields, the grammar of `tags`, `flavor` and `images`.

_COMMENT = pattern(r"(?:^|\s)#")


def text_lines(text: str) -> list[str]:
    """The lines that say something: neither empty nor a comment."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def csv_lines(text: str, source: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each line that is no comment, with its fields: name (lower case, or empty) and value.

    Quotes go around a whole field (RFC 4180): `"pattern=v1{1,2}"`. A `#` after a blank begins
    a comment.

    Raises:
        UsageError: a quote is where none may be; names the input `source`.
    """
    for full in text_lines(text):
        line = _without_comment(full)
        try:
            fields = next(csv.reader([line], skipinitialspace=True, strict=True))
        except csv.Error as error:
            raise _malformed(source, line, str(error)) from None
        yield line, [_field(source, line, field) for field in fields]


def _without_comment(line: str) -> str:
    """A `#` in quotes belongs to its field."""
    for found in _COMMENT.finditer(line):
        if line[: found.start()].count('"') % 2 == 0:
            return line[: found.start()].rstrip()
    return line


def _field(source: str, line: str, field: str) -> tuple[str, str]:
    """Split at the first `=`; one that comes first is part of a value."""
    name, equals, value = field.partition("=")
    if not equals or not name.strip():
        return "", field.strip()
    value = value.strip()
    if value[:1] == '"' == value[-1:]:
        raise _malformed(source, line, "the quotes are around the value alone")
    return name.strip().lower(), value


def _malformed(source: str, line: str, cause: str) -> UsageError:
    fix = 'put quotes around a whole field: `type=match,"pattern=v(\\d{1,2})"`'
    return UsageError(f"`{source}`: {line!r} is malformed", cause=cause, fix=fix)


RuleType = Literal["schedule", "semver", "pep440", "match", "edge", "ref", "raw", "sha"]

PRIORITIES: Mapping[str, int] = {
    "schedule": 1000,
    "semver": 900,
    "pep440": 900,
    "match": 800,
    "edge": 700,
    "ref": 600,
    "raw": 200,
    "sha": 100,
}
DEFAULT_RULES = "type=schedule\ntype=ref,event=branch\ntype=ref,event=tag\ntype=ref,event=pr"

_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "schedule": {"pattern": "nightly"},
    "semver": {"value": "", "match": ""},
    "pep440": {"value": "", "match": ""},
    "match": {"value": "", "group": "0"},
    "edge": {"branch": ""},
    "sha": {"prefix": "sha-", "format": "short"},
}
_REQUIRED = {
    "semver": "pattern",
    "pep440": "pattern",
    "match": "pattern",
    "ref": "event",
    "raw": "value",
}
_CHOICES = {"ref": ("event", ("branch", "tag", "pr")), "sha": ("format", ("short", "long"))}
_COMMON = frozenset({"enable", "priority", "prefix", "suffix"})


@dataclass(frozen=True, kw_only=True)
class TagRule:
    """One line of `tags`.

    Attributes:
        type: what kind of rule it is.
        attributes: those given, with defaults filled in.
        priority: the higher, the earlier its tag.
        line: as it was written.
        notes: attributes that mean nothing for this type, for a warning.
    """

    type: str
    attributes: Mapping[str, str]
    priority: float
    line: str
    notes: tuple[str, ...] = ()


def parse_rules(text: str) -> tuple[TagRule, ...]:
    """Read the `tags` input, highest priority first, else in the order of the lines.

    Raises:
        UsageError: a type or a value is unknown, or a required attribute is missing.
    """
    lines = text if text_lines(text) else DEFAULT_RULES
    rules = [_rule(line, fields) for line, fields in csv_lines(lines, "tags")]
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def _rule(line: str, fields: list[tuple[str, str]]) -> TagRule:
    given = {name or "value": value for name, value in fields}
    kind = given.pop("type", "raw")
    if kind not in get_args(RuleType):
        near = difflib.get_close_matches(kind, get_args(RuleType), n=1)
        fix = f"did you mean `type={near[0]}`? " if near else ""
        fix += f"Types are {', '.join(get_args(RuleType))}"
        raise UsageError(f"`tags`: unknown type {kind!r} in {line!r}", fix=fix)
    attributes = {"enable": "true", **_DEFAULTS.get(kind, {}), **given}
    if kind == "ref" and attributes.get("event") == "pr":
        attributes.setdefault("prefix", "pr-")
    _check(kind, attributes, line)
    return TagRule(
        type=kind,
        attributes=attributes,
        priority=_priority(kind, given, line),
        line=line,
        notes=_notes(kind, given, line),
    )


def _check(kind: str, attributes: Mapping[str, str], line: str) -> None:
    required = _REQUIRED.get(kind)
    if required and required not in attributes:
        fix = f"add `{required}=…`"
        raise UsageError(f"`tags`: {required} is missing in {line!r}", fix=fix)
    name, choices = _CHOICES.get(kind, ("", ()))
    if name and attributes[name] not in choices:
        fix = f"one of {', '.join(choices)}"
        raise UsageError(f"`tags`: unknown {name} in {line!r}", fix=fix)
    if kind == "match" and not attributes["group"].isdecimal():
        raise UsageError(f"`tags`: group is not a number in {line!r}", fix="write `group=1`")


def _priority(kind: str, given: Mapping[str, str], line: str) -> float:
    try:
        priority = float(given.get("priority", PRIORITIES[kind]))
    except ValueError:
        priority = math.nan
    if not math.isfinite(priority):
        fix = "write a number, for example `priority=750`"
        raise UsageError(f"`tags`: priority is not a number in {line!r}", fix=fix)
    return priority


def _notes(kind: str, given: Mapping[str, str], line: str) -> tuple[str, ...]:
    known = {*_COMMON, *_DEFAULTS.get(kind, {}), *filter(None, [_REQUIRED.get(kind)])}
    notes = []
    for name in given.keys() - known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f": did you mean `{near[0]}`?" if near else ""
        notes.append(f"`tags`: {name} means nothing for type={kind} in {line!r}{hint}")
    return tuple(sorted(notes))


# The `flavor` input: what holds for all tags.

_TRUTH = ("true", "false")
_ALLOWED: Mapping[str, tuple[str, ...] | None] = {
    "latest": ("auto", *_TRUTH),
    "prefix": None,
    "suffix": None,
    "prefix_latest": _TRUTH,
    "suffix_latest": _TRUTH,
}


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """What holds for all tags. `latest` is `auto`, `true` or `false`."""

    latest: str = "auto"
    prefix: str = ""
    suffix: str = ""
    prefix_latest: bool = False
    suffix_latest: bool = False


def parse_flavor(text: str) -> Flavor:
    """Read the `flavor` input; `onlatest` speaks of the prefix or suffix before it in its line.

    Raises:
        UsageError: an entry or a value is unknown.
    """
    found: dict[str, str] = {}
    for line, fields in csv_lines(text, "flavor"):
        owner = ""
        for name, value in fields:
            key = f"{owner}_latest" if name == "onlatest" and owner else name
            _check_flavor(key, value, line)
            owner = name if name in {"prefix", "suffix"} else owner
            found[key] = value
    return Flavor(
        latest=found.get("latest", "auto"),
        prefix=found.get("prefix", ""),
        suffix=found.get("suffix", ""),
        prefix_latest=found.get("prefix_latest") == "true",
        suffix_latest=found.get("suffix_latest") == "true",
    )


def _check_flavor(key: str, value: str, line: str) -> None:
    choices = _ALLOWED.get(key, ())
    if choices is not None and value not in choices:
        fix = "write latest=auto|true|false, prefix=…, suffix=…, or these with onlatest=true|false"
        raise UsageError(f"`flavor`: unknown entry {line!r}", fix=fix)


# The `images` input of `tag`: names that tags are put behind.

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
        elif not attributes.keys() <= {"", "name", "enable"}:
            raise UsageError(f"`images`: unknown attribute in {line!r}", fix=_FIX)
        elif len({name or "name" for name, _ in fields}) < len(fields):
            raise UsageError(
                f"`images`: {line!r} names several images with attributes",
                cause="attributes belong to one image",
                fix="write each image on a line of its own",
            )
        else:
            names += _named(attributes, line)
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
