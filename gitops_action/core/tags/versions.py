"""The version behind a tag: Semantic Versioning 2.0.0 and PEP 440."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion
from semver import Version as SemanticVersion


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
    names = {
        "raw": text,
        "version": str(version.replace(build=None)),
        "major": str(version.major),
        "minor": str(version.minor),
        "patch": str(version.patch),
        "prerelease": version.prerelease or "",
        "build": version.build or "",
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
