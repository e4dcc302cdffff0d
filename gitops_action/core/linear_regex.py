"""Regular expressions that someone else wrote, matched by RE2 in linear time.

Python's `re` goes back and forth: `(a+)+$` or a dozen wildcards take longer than any job. RE2 has
neither lookaround nor back references; Go's programs, kustomize among them, use its syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast

MOST_MEMORY = 4 * 1024 * 1024
"""Bytes that a compiled expression may take."""

MOST_REPEATS = 3
"""Repetitions in an expression that Python's `re` matches: the steps are the text's length, at
most 255 for a Git ref, to this power."""

_LOOKING = re.compile(r"\(\?<?[=!]")
_REPEATED_GROUP = re.compile(r"\)\s*[*+{]")
_REPEAT = re.compile(r"[*+]|\{\d*,")
_JAVASCRIPT_GROUP = re.compile(r"\(\?<(?![=!])")

CASE = "i"
LINES = "m"
DOTS = "s"


class LinearRegexError(ValueError):
    """An expression that cannot be used; the text says why."""


class _Match(Protocol):
    def groups(self) -> tuple[str | None, ...]: ...
    def group(self, group: int = 0) -> str | None: ...


class _Compiled(Protocol):
    groups: int

    def search(self, text: str) -> _Match | None: ...
    def fullmatch(self, text: str) -> _Match | None: ...
    def finditer(self, text: str) -> Iterator[_Match]: ...


@dataclass(frozen=True, kw_only=True)
class LinearRegex:
    """A compiled expression."""

    compiled: _Compiled

    def fits(self, text: str) -> bool:
        """Whether the whole text matches."""
        return self.compiled.fullmatch(text) is not None

    def find(self, text: str) -> tuple[str | None, ...]:
        """The first match and its groups; empty where nothing matches."""
        found = self.compiled.search(text)
        return (found.group(), *found.groups()) if found else ()

    def find_all(self, text: str) -> tuple[str | None, ...]:
        """All matches, one after the other."""
        return tuple(found.group() for found in self.compiled.finditer(text))

    @property
    def groups(self) -> int:
        """The number of groups in the expression."""
        return self.compiled.groups


@lru_cache(maxsize=1024)
def linear_regex(pattern: str, flags: str = "") -> LinearRegex:
    """Compile an expression.

    Args:
        pattern: in RE2's syntax; named groups also as `(?<name>…)`.
        flags: CASE, LINES and DOTS together.

    Raises:
        LinearRegexError: it is malformed, too large, or needs lookaround or back references.
    """
    import re2  # noqa: PLC0415 - a compiled library, only where there is an expression

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    text = f"(?{flags}:{pattern})" if flags else pattern
    try:
        return LinearRegex(compiled=cast("_Compiled", re2.compile(text, options)))
    except (re2.error, UnicodeError) as error:
        raise LinearRegexError(_reason(error)) from None


def bounded_regex(pattern: str, flags: str = "") -> LinearRegex:
    """An expression that may look around too, as JavaScript's and Python's may.

    Where RE2 cannot take it, Python's `re` does, if its work is bounded by what it lacks:
    repeated groups, and more than MOST_REPEATS repetitions.

    Raises:
        LinearRegexError: it is malformed, or its work has no bound.
    """
    try:
        return linear_regex(pattern, flags)
    except LinearRegexError as error:
        if not _LOOKING.search(pattern):
            raise
        if _REPEATED_GROUP.search(pattern) or len(_REPEAT.findall(pattern)) > MOST_REPEATS:
            reason = f"it looks around, and repeats a group or more than {MOST_REPEATS} times"
            raise LinearRegexError(reason) from error
    try:
        named = _JAVASCRIPT_GROUP.sub("(?P<", pattern)
        return LinearRegex(compiled=cast("_Compiled", re.compile(f"(?{flags}a:{named})")))
    except (re.error, RecursionError, OverflowError) as error:
        raise LinearRegexError(str(error)) from None


def _reason(error: Exception) -> str:
    first = error.args[0] if error.args else error
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
