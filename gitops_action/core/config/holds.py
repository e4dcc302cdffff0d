"""Holds: versions that must not come (back) to an environment, one file each.

One file a hold, so that two rollbacks never conflict in Git.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from gitops_action.core.images import ImageReference, same_repository

HOLDS_FOLDER = ".github/gitops/holds/"
_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One hold.

    Attributes:
        environment: the environment it protects.
        application: the application it is about; None for every application with this image.
        image: the image with the tag, the digest, or both that must not run.
        reason: why, as a person or a rollback wrote it: untrusted text.
        author: who put it there.
        since: when it was put there.
        until: when it ends by itself; None for never.
        file: the file it is read from; empty for one that is not written yet.
    """

    environment: str
    application: str | None
    image: ImageReference
    reason: str = ""
    author: str = ""
    since: datetime | None = None
    until: datetime | None = None
    file: str = ""


def held(
    holds: Iterable[Hold],
    environment: str,
    application: str | None,
    image: ImageReference,
    now: datetime,
) -> Hold | None:
    """The hold that keeps this image out of the environment, or None.

    Where both name a digest, the digest decides: a tag that was built anew is another version.
    """
    for hold in holds:
        if hold.environment != environment or (hold.until and hold.until <= now):
            continue
        if hold.application and application and hold.application != application:
            continue
        if same_repository(hold.image.name, image.name) and _same_version(hold.image, image):
            return hold
    return None


def _same_version(one: ImageReference, other: ImageReference) -> bool:
    if one.digest and other.digest:
        return one.digest == other.digest
    return one.tag is not None and one.tag == other.tag


def hold_file(hold: Hold) -> tuple[str, bytes]:
    """The path and the content of a hold's file."""
    image = hold.image
    version = image.digest.partition(":")[2][:_SHORT] if image.digest else image.tag or "latest"
    application = hold.application or image.path.rsplit("/", 1)[-1]
    path = f"{HOLDS_FOLDER}{hold.environment}-{application}-{version}.yaml"
    values = {
        "environment": hold.environment,
        "application": hold.application,
        "image": str(image),
        "reason": _quoted(hold.reason) if hold.reason else None,
        "author": _quoted(hold.author) if hold.author else None,
        "since": _moment(hold.since),
        "until": _moment(hold.until),
    }
    lines = [f"{key}: {value}\n" for key, value in values.items() if value]
    return path, "".join(lines).encode()


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar on one line; what does not print is escaped."""

    def escaped(letter: str) -> str:
        if letter in '"\\':
            return f"\\{letter}"
        return letter if letter.isprintable() else f"\\U{ord(letter):08x}"

    return f'"{"".join(escaped(letter) for letter in text)}"'
