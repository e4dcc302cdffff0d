"""Image names the way kustomize splits and matches them, which is looser than the grammar.

The rules are those of kustomize's `api/internal/image` package; placeholders such as `APP_IMAGE`
are no image references, yet `images` entries match them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gitops_action.core.images import ImageReferenceError, normalise_repository

_VERSION = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
_PLAIN = re.compile(r"[\w./:@-]*")
_NESTED_REPEAT = re.compile(r"\)\s*[*+{]")
_LONGEST_PATTERN = 300


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """An image as written: name, tag and digest, each empty when it is not there."""

    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """`name[:tag][@digest]`."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def repository(self) -> str | None:
        """The normalised repository; None for what is no image name (a placeholder, a template)."""
        return repository_of(self.name)


@lru_cache(maxsize=16384)
def repository_of(name: str) -> str | None:
    """The normalised repository of a name, or None when it is no image name."""
    try:
        return normalise_repository(name) if name else None
    except ImageReferenceError:
        return None


def split_image(text: str) -> Spelling:
    """Split at the first `@` and the first `:` behind the domain, as kustomize does."""
    slash = max(text.find("/"), 0)
    at = text.find("@", slash)
    colon = text.find(":", slash)
    if colon >= 0 and (at < 0 or colon < at):
        tag, _, digest = text[colon + 1 :].partition("@")
        return Spelling(name=text[:colon], tag=tag, digest=digest)
    if at >= 0:
        return Spelling(name=text[:at], digest=text[at + 1 :])
    return Spelling(name=text)


def entry_matches(name: str, image: str) -> bool | None:
    """Whether a kustomize entry of this `name` reaches `image`.

    kustomize reads the name as a regular expression: `.` stands for any character. None for
    expressions that are not evaluated here because they could take forever.
    """
    pattern = _pattern(name)
    return None if pattern is None else pattern.fullmatch(image) is not None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str] | None:
    if not _PLAIN.fullmatch(name) and (len(name) > _LONGEST_PATTERN or _NESTED_REPEAT.search(name)):
        return None
    try:
        return re.compile(f"{name}{_VERSION}")
    except re.error:
        return None
