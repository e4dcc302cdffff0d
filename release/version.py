"""Versions, what CHANGELOG.md says of one, and which moving tags follow it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import semver

from gitops_action.errors import UsageError

_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\].*$", re.MULTILINE)
_LINKS = re.compile(r"^\[[^\]]+\]: \S+$", re.MULTILINE)


def parse_version(text: str) -> semver.Version:
    """A version such as `1.2.3` or `1.2.3-rc.1`, without the `v` of its tag.

    Raises:
        UsageError: it is none.
    """
    try:
        return semver.Version.parse(text)
    except (ValueError, TypeError):
        raise UsageError(f"{text!r} is not a version", fix="write it as 1.2.3") from None


def release_notes(changelog: str, version: str) -> str:
    """What CHANGELOG.md says of the version.

    Raises:
        UsageError: nothing.
    """
    headings = list(_HEADING.finditer(changelog))
    for number, heading in enumerate(headings):
        if heading["version"] == version:
            after = headings[number + 1 :]
            end = after[0].start() if after else len(changelog)
            notes = _LINKS.sub("", changelog[heading.end() : end]).strip()
            if notes:
                return notes
    raise UsageError(
        f"CHANGELOG.md has no section for {version}",
        fix=f"run `python -m release prepare {version}`, and commit what it writes",
    )


def moving_tags(version: semver.Version, existing: Iterable[str]) -> tuple[str, ...]:
    """The tags that move to this version: `v1` and `v1.2`, unless a newer one has them already."""
    if version.prerelease:
        return ()
    known = [found for name in existing if (found := _of_tag(name)) and not found.prerelease]
    same = [one for one in known if one.major == version.major]
    tags = [f"v{version.major}"] if version >= max(same, default=version) else []
    near = [one for one in same if one.minor == version.minor]
    if version >= max(near, default=version):
        tags.append(f"v{version.major}.{version.minor}")
    return tuple(tags)


def is_newest(version: semver.Version, existing: Iterable[str]) -> bool:
    """Whether no release is newer; a prerelease never counts as the newest."""
    known = [found for name in existing if (found := _of_tag(name)) and not found.prerelease]
    return not version.prerelease and version >= max(known, default=version)


def _of_tag(name: str) -> semver.Version | None:
    try:
        return semver.Version.parse(name.removeprefix("v"))
    except ValueError:
        return None
