"""The `flavor` input: what holds for all tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.core.tags.lines import csv_lines
from gitops_action.errors import UsageError

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
            _check(key, value, line)
            owner = name if name in {"prefix", "suffix"} else owner
            found[key] = value
    return Flavor(
        latest=found.get("latest", "auto"),
        prefix=found.get("prefix", ""),
        suffix=found.get("suffix", ""),
        prefix_latest=found.get("prefix_latest") == "true",
        suffix_latest=found.get("suffix_latest") == "true",
    )


def _check(key: str, value: str, line: str) -> None:
    choices = _ALLOWED.get(key, ())
    if choices is not None and value not in choices:
        fix = "write latest=auto|true|false, prefix=…, suffix=…, or these with onlatest=true|false"
        raise UsageError(f"`flavor`: unknown entry {line!r}", fix=fix)
