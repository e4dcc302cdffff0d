"""What one rule makes of the event: a tag, whether it may decide `latest`, or a warning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion
from semver import Version as SemanticVersion

from gitops_action.core import linear_regex
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.tags.context import TagContext
from gitops_action.core.tags.expressions import dates, expand, global_names, is_raw
from gitops_action.core.tags.rules import Flavor, TagRule
from gitops_action.errors import UsageError

# The version behind a tag: Semantic Versioning 2.0.0 and PEP 440.

_GREATEST, _LONGEST = 2**53 - 1, 256
"""The greatest number and the longest version that node-semver accepts."""


@dataclass(frozen=True, kw_only=True)
class TagVersion:
    """A version: the names that a pattern may use, and whether it is a stable one."""

    names: Mapping[str, str]
    stable: bool


def semantic_version(text: str) -> TagVersion | None:
    """Read a semantic version, with or without a `v` in front; None when it is none."""
    try:
        version = SemanticVersion.parse(text.strip().removeprefix("v"))
    except ValueError:
        return None
    if max(version.major, version.minor, version.patch) > _GREATEST or len(text) > _LONGEST:
        return None
    names = {
        "raw": text,
        "version": str(version.replace(build=None)),
        "major": str(version.major),
        "minor": str(version.minor),
        "patch": str(version.patch),
        "prerelease": version.prerelease or "",
        # node-semver's list of identifiers, written as JavaScript does.
        "build": (version.build or "").replace(".", ","),
    }
    return TagVersion(names=names, stable=version.prerelease is None)


def python_version(text: str) -> TagVersion | None:
    """Read a version by PEP 440; None when it is none."""
    try:
        version = PythonVersion(text)
    except InvalidVersion:
        return None
    names = {
        "raw": text,
        "version": str(version),
        "major": str(version.major),
        "minor": str(version.minor),
        "patch": str(version.micro),
    }
    unstable = version.is_prerelease or version.is_postrelease or version.is_devrelease
    return TagVersion(names=names, stable=not unstable)


_JAVASCRIPT_REGEX = pattern(r"/(.+)/(.*)")
_REGEX_FLAGS = {
    "i": linear_regex.CASE,
    "m": linear_regex.LINES,
    "s": linear_regex.DOTS,
    "g": "",
    "u": "",
}
"""JavaScript's flags; `u` changes nothing here, and `g` gives all matches."""


@dataclass(frozen=True, kw_only=True)
class Emission:
    """A rule's answer. `tag` is empty when it has nothing to say; `latest` is its vote."""

    tag: str = ""
    latest: bool = False
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Emitter:
    """Applies rules to one event."""

    context: TagContext
    flavor: Flavor

    def emit(self, rule: TagRule) -> Emission:
        """Apply one rule.

        Raises:
            UsageError: an expression is wrong, or `enable` is neither true nor false.
        """
        enabled = self._expand(rule.attributes["enable"])
        if enabled not in {"true", "false"}:
            raise UsageError(f"`tags`: enable is {enabled!r} in {rule.line!r}", fix="true or false")
        return self._rules()[rule.type](rule) if enabled == "true" else Emission()

    def latest(self) -> str:
        """The tag `latest`, with the flavor's prefix and suffix where they are meant for it."""
        prefix = self._expand(self.flavor.prefix) if self.flavor.prefix_latest else ""
        suffix = self._expand(self.flavor.suffix) if self.flavor.suffix_latest else ""
        return clean_tag(f"{prefix}latest{suffix}")

    def _rules(self) -> Mapping[str, Callable[[TagRule], Emission]]:
        return {
            "schedule": self._schedule,
            "semver": lambda rule: self._version(rule, semantic_version, "a semantic version"),
            "pep440": lambda rule: self._version(rule, python_version, "a PEP 440 version"),
            "match": self._match,
            "edge": self._edge,
            "ref": self._ref,
            "raw": lambda rule: self._tag(self._expand(rule.attributes["value"]), rule),
            "sha": self._sha,
        }

    def _expand(self, text: str) -> str:
        return expand(text, global_names(self.context))

    def _tag(self, value: str, rule: TagRule, *, latest: bool = False) -> Emission:
        prefix = self._expand(rule.attributes.get("prefix", self.flavor.prefix))
        suffix = self._expand(rule.attributes.get("suffix", self.flavor.suffix))
        return Emission(tag=clean_tag(f"{prefix}{value}{suffix}"), latest=latest)

    def _schedule(self, rule: TagRule) -> Emission:
        if "schedule" not in self.context.event_name:
            return Emission()
        names = {**global_names(self.context), **dates(self.context)}
        return self._tag(expand(rule.attributes["pattern"], names), rule)

    def _version(
        self, rule: TagRule, read: Callable[[str], TagVersion | None], what: str
    ) -> Emission:
        given = self._given_or_tag(rule)
        if given is None:
            return Emission()
        text, warning = _matched(rule, given)
        text = text.replace("/", "-")
        version = read(text)
        if version is None:
            said = f"{text!r} is not {what}: {rule.line!r} gives no tag"
            return Emission(warning=f"{warning}; {said}" if warning else said)
        pattern = rule.attributes["pattern"]
        if not version.stable:
            pattern = pattern if is_raw(pattern) else "{{version}}"
        made = self._tag(expand(pattern, version.names), rule, latest=version.stable)
        return replace(made, warning=warning)

    def _given_or_tag(self, rule: TagRule) -> str | None:
        """The rule's own value, else the Git tag; None without."""
        if rule.attributes["value"]:
            return self._expand(rule.attributes["value"])
        return self.context.tag or None

    def _match(self, rule: TagRule) -> Emission:
        text = self._given_or_tag(rule)
        if text is None:
            return Emission()
        groups = _groups(rule, text)
        if not groups:
            return Emission(warning=f"{rule.attributes['pattern']} does not match {text!r}")
        group = int(rule.attributes["group"])
        value = groups[group] if group < len(groups) else None
        if value is None:
            return Emission(warning=f"{rule.line!r} has no group {group} in {text}")
        return self._tag(value, rule, latest=True)

    def _edge(self, rule: TagRule) -> Emission:
        requested = rule.attributes["branch"] or self.context.repository.default_branch
        if not self.context.branch or self.context.branch != requested:
            return Emission()
        return self._tag("edge", rule)

    def _ref(self, rule: TagRule) -> Emission:
        event = rule.attributes["event"]
        values = {
            "branch": self.context.branch,
            "tag": self.context.tag,
            "pr": self.context.pull_request,
        }
        value = values[event]
        return self._tag(value, rule, latest=event == "tag") if value else Emission()

    def _sha(self, rule: TagRule) -> Emission:
        if not self.context.sha:
            return Emission()
        long = rule.attributes["format"] == "long"
        return self._tag(self.context.sha if long else self.context.short_sha, rule)


def clean_tag(text: str) -> str:
    """Every run of characters that a tag may not hold becomes one dash."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _matched(rule: TagRule, text: str) -> tuple[str, str]:
    """What group 1 of the rule's `match` finds; without a match the text, and a warning."""
    expression = rule.attributes["match"]
    if not expression:
        return text, ""
    regex = _compiled(expression, "", rule)
    if not regex.groups:
        title = f"`tags`: match has no group in {rule.line!r}"
        raise UsageError(title, fix="put the version in parentheses: `match=web/v(.*)`")
    found = regex.find(text)
    if not found or found[1] is None:
        return text, f"{expression} does not match {text!r}, which is taken as a whole"
    return found[1], ""


def _groups(rule: TagRule, text: str) -> tuple[str | None, ...]:
    """The match and its groups, empty without one; with the flag `g` all matches, as JavaScript."""
    expression, letters = rule.attributes["pattern"], ""
    if delimited := _JAVASCRIPT_REGEX.fullmatch(expression):
        expression, letters = delimited[1], delimited[2]
    flags = "".join(_flag(letter, rule) for letter in letters)
    regex = _compiled(expression, flags, rule)
    return regex.find_all(text) if "g" in letters else regex.find(text)


def _compiled(expression: str, flags: str, rule: TagRule) -> linear_regex.LinearRegex:
    """A regular expression; named groups also in JavaScript's spelling."""
    try:
        return linear_regex.bounded_regex(expression, flags)
    except linear_regex.LinearRegexError as error:
        fix = "write a regular expression of RE2's syntax"
        title = f"`tags`: the pattern in {rule.line!r} is malformed"
        raise UsageError(title, cause=str(error), fix=fix) from None


def _flag(letter: str, rule: TagRule) -> str:
    if letter not in _REGEX_FLAGS:
        fix = f"use flags of {', '.join(_REGEX_FLAGS)}"
        raise UsageError(
            f"`tags`: unknown flag {letter!r} of the pattern in {rule.line!r}", fix=fix
        )
    return _REGEX_FLAGS[letter]
