"""The globs of `paths`: which files may be edited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def allowed(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file may be edited. The last pattern that matches decides; `!` excludes.

    `*` stays within a folder, `**` spans folders, a pattern that names a folder means all below
    it. When the patterns only exclude, everything else is allowed.
    """
    verdict = all(pattern.startswith("!") for pattern in patterns)
    for pattern in patterns:
        excludes = pattern.startswith("!")
        if _expression(pattern.removeprefix("!").removeprefix("./")).fullmatch(path):
            verdict = not excludes
    return verdict


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.rstrip("/"))
    wild = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(wild.get(part, re.escape(part)) for part in parts)
    return re.compile(f"{body}(?:/.*)?", re.DOTALL)
