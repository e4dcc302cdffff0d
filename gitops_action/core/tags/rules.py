"""The lines of the `tags` input, read and checked."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from gitops_action.core.tags.lines import csv_lines, text_lines
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
class Rule:
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


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read the `tags` input, highest priority first, else in the order of the lines.

    Raises:
        UsageError: a type or a value is unknown, or a required attribute is missing.
    """
    lines = text if text_lines(text) else DEFAULT_RULES
    rules = [_rule(line, fields) for line, fields in csv_lines(lines, "tags")]
    return tuple(sorted(rules, key=lambda rule: -rule.priority))


def _rule(line: str, fields: list[tuple[str, str]]) -> Rule:
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
    return Rule(
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
        raise UsageError(f"`tags`: group is no number in {line!r}", fix="write `group=1`")


def _priority(kind: str, given: Mapping[str, str], line: str) -> float:
    try:
        priority = float(given.get("priority", PRIORITIES[kind]))
    except ValueError:
        priority = math.nan
    if not math.isfinite(priority):
        fix = "write a number, for example `priority=750`"
        raise UsageError(f"`tags`: priority is no number in {line!r}", fix=fix)
    return priority


def _notes(kind: str, given: Mapping[str, str], line: str) -> tuple[str, ...]:
    known = {*_COMMON, *_DEFAULTS.get(kind, {}), *filter(None, [_REQUIRED.get(kind)])}
    notes = []
    for name in given.keys() - known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f": did you mean `{near[0]}`?" if near else ""
        notes.append(f"`tags`: {name} means nothing for type={kind} in {line!r}{hint}")
    return tuple(sorted(notes))
