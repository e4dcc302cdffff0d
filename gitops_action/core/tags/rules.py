"""The lines of the `tags`, `flavor` and `images` inputs, read and checked."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gitops_action.errors import UsageError

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
    "semver": {"value": ""},
    "pep440": {"value": ""},
    "match": {"value": "", "group": "0"},
    "edge": {"branch": ""},
    "sha": {"prefix": "sha-", "format": "short"},
}
_REQUIRED = {"semver": "pattern", "pep440": "pattern", "match": "pattern", "ref": "event"}
_CHOICES = {"event": ("branch", "tag", "pr"), "format": ("short", "long")}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of `tags`: a type, its attributes with defaults filled in, and its priority."""

    type: str
    attributes: Mapping[str, str]
    priority: float
    line: str


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """What holds for all tags. `latest` is `auto`, `true` or `false`."""

    latest: str = "auto"
    prefix: str = ""
    suffix: str = ""
    prefix_latest: bool = False
    suffix_latest: bool = False


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read the `tags` input, highest priority first, else in the order of the lines.

    Raises:
        UsageError: a type, an attribute or a value is unknown, or a required one is missing.
    """
    rules = [_rule(line, fields) for line, fields in csv_lines(text.strip() or DEFAULT_RULES)]
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def csv_lines(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each line that is no comment, with its fields: name (lower case, or empty) and value."""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        fields = next(csv.reader([line], skipinitialspace=True, strict=False))
        yield line, [_field(field) for field in fields]


def _field(field: str) -> tuple[str, str]:
    name, equals, value = field.partition("=")
    return (name.strip().lower(), value.strip()) if equals else ("", name.strip())


def _rule(line: str, fields: list[tuple[str, str]]) -> Rule:
    given = {name or "value": value for name, value in fields}
    kind = given.pop("type", "raw")
    if kind not in get_args(RuleType):
        fix = f"one of {', '.join(get_args(RuleType))}"
        raise UsageError(f"`tags`: unknown type {kind!r} in {line!r}", fix=fix)
    attributes = {"enable": "true", **_DEFAULTS.get(kind, {}), **given}
    if kind == "ref" and attributes.get("event") == "pr":
        attributes.setdefault("prefix", "pr-")
    _check(kind, attributes, line)
    return Rule(type=kind, attributes=attributes, priority=_priority(kind, given, line), line=line)


def _check(kind: str, attributes: Mapping[str, str], line: str) -> None:
    required = _REQUIRED.get(kind) or ("value" if kind == "raw" else None)
    if required and required not in attributes:
        fix = f"add `{required}=…`"
        raise UsageError(f"`tags`: {required} is missing in {line!r}", fix=fix)
    for name, choices in _CHOICES.items():
        if kind in {"ref", "sha"} and attributes.get(name, choices[0]) not in choices:
            fix = f"one of {', '.join(choices)}"
            raise UsageError(f"`tags`: unknown {name} in {line!r}", fix=fix)
    if kind == "match" and not attributes["group"].isdecimal():
        raise UsageError(f"`tags`: group is no number in {line!r}", fix="write `group=1`")


def _priority(kind: str, given: Mapping[str, str], line: str) -> float:
    try:
        return float(given.get("priority", PRIORITIES[kind]))
    except ValueError:
        fix = "write a number, for example `priority=750`"
        raise UsageError(f"`tags`: priority is no number in {line!r}", fix=fix) from None


def parse_flavor(text: str) -> Flavor:
    """Read the `flavor` input; `onlatest` speaks of the prefix or suffix before it in its line.

    Raises:
        UsageError: an entry or a value is unknown.
    """
    found: dict[str, str] = {}
    for line, fields in csv_lines(text):
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
    allowed: Mapping[str, tuple[str, ...] | None] = {
        "latest": ("auto", "true", "false"),
        "prefix": None,
        "suffix": None,
        "prefix_latest": ("true", "false"),
        "suffix_latest": ("true", "false"),
    }
    choices = allowed.get(key, ())
    if choices is not None and value not in choices:
        fix = "write latest=auto|true|false, prefix=…, suffix=…, or these with onlatest=true|false"
        raise UsageError(f"`flavor`: unknown entry {line!r}", fix=fix)


def parse_image_names(text: str) -> tuple[str, ...]:
    """Read the `images` input of `tag`: names, or `name=…,enable=true|false` a line.

    Raises:
        UsageError: an attribute is unknown or a name is missing.
    """
    names: list[str] = []
    for line, fields in csv_lines(text):
        attributes = dict(fields)
        if set(attributes) <= {""}:
            names += [value for _, value in fields]
        elif attributes.keys() <= {"", "name", "enable"}:
            names += _named(attributes, line)
        else:
            fix = "write a name, or `name=…,enable=true|false`"
            raise UsageError(f"`images`: unknown attribute in {line!r}", fix=fix)
    return tuple(dict.fromkeys(name.lower() for name in names))


def _named(attributes: Mapping[str, str], line: str) -> list[str]:
    enabled = attributes.get("enable", "true")
    name = attributes.get("name") or attributes.get("")
    if not name or enabled not in {"true", "false"}:
        raise UsageError(f"`images`: {line!r} has no name, or enable is not true or false")
    return [name] if enabled == "true" else []
