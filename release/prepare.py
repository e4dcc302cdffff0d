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
        UsageError: it is not a version, it has a section already, or nothing is unreleased.
    """
    parse_version(version)
    changelog, package = root / "CHANGELOG.md", root / "gitops_action" / "__init__.py"
    changelog_text = _with_section(changelog.read_text("utf-8"), version, date)
    changelog.write_text(changelog_text, "utf-8")
    code = _VERSION.sub(f'__version__ = "{version}"', package.read_text("utf-8"))
    package.write_text(code, "utf-8")
    callers = publish(version, present_callers(root), root / "release" / "callers")
    return changelog, package, callers


def _with_section(text: str, version: str, date: str) -> str:
    """What is unreleased becomes the version's section."""
    if f"## [{version}]" in text:
        raise UsageError(f"CHANGELOG.md has a section for {version}", fix="prepare another version")
    section = text.partition(_UNRELEASED)[2].partition("\n## ")[0]
    if not section.strip():
        raise UsageError(
            "CHANGELOG.md lists nothing under [Unreleased]", fix="write what changed there"
        )
    return text.replace(_UNRELEASED, f"{_UNRELEASED}\n## [{version}] - {date}\n", 1)
