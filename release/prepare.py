"""What a maintainer commits before a release: the version, its section of CHANGELOG.md, callers."""

from __future__ import annotations

import re
from pathlib import Path

from gitops_action.errors import UsageError
from release.callers import present_callers, publish
from release.version import parse_version

_VERSION = re.compile(r'^__version__ = ".*"$', re.MULTILINE)
_UNRELEASED = "## [Unreleased]\n"


def prepare(root: Path, version: str, date: str) -> tuple[Path, ...]:
    """Write them; gives the files.

    Raises:
        UsageError: it is not a version, or nothing is unreleased.
    """
    parse_version(version)
    changelog, package = root / "CHANGELOG.md", root / "gitops_action" / "__init__.py"
    text = changelog.read_text("utf-8")
    if _UNRELEASED not in text:
        raise UsageError("CHANGELOG.md has no section [Unreleased]", fix="write what changed there")
    heading = f"{_UNRELEASED}\n## [{version}] - {date}\n"
    changelog.write_text(text.replace(_UNRELEASED, heading, 1), "utf-8")
    code = _VERSION.sub(f'__version__ = "{version}"', package.read_text("utf-8"))
    package.write_text(code, "utf-8")
    callers = publish(version, present_callers(root), root / "release" / "callers")
    return changelog, package, callers
