"""The grammar of image references, as the distribution project's `reference` package defines it.

Here a reference is read literally: `web/app` has the domain `web`. What Docker's familiar names
mean (`nginx` is `docker.io/library/nginx`) is laid on top of it in `reference.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_action.core.images.errors import ImageReferenceError
from gitops_action.core.images.fault import find_fault

PATH_LIMIT = 255
"""Longest repository path, in characters, domain not counted (distribution/reference)."""

TEXT_LIMIT = 4096
"""Longest text that is looked at, well over what registries and runtimes take."""

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A reference taken apart literally. `domain` is empty where the text has none."""

    domain: str
    path: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Domain and path, as written."""
        return f"{self.domain}/{self.path}" if self.domain else self.path


def parse(text: str) -> Parts:
    """Take a reference apart.

    Raises:
        ImageReferenceError: it is none; the error points at the offending character.
    """
    check_length(text)
    found = _REFERENCE.fullmatch(text)
    if found is None:
        lowered = _REFERENCE.fullmatch(text.lower()) is not None
        raise find_fault(text, uppercase=lowered)
    parts = Parts(
        domain=found["domain"] or "", path=found["path"], tag=found["tag"], digest=found["digest"]
    )
    _check_limits(text, parts)
    return parts


def check_length(text: str) -> None:
    """Refuse a text that is longer than any reference, before anything is matched on it."""
    if len(text) > TEXT_LIMIT:
        reason = f"the text has {len(text)} characters, no reference is longer than {TEXT_LIMIT}"
        raise ImageReferenceError(text, TEXT_LIMIT, kind="too-long", reason=reason)


def is_identifier(text: str) -> bool:
    """Whether the text is a bare image id (64 hexadecimal digits), which is never a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether the text is a digest as registries give it: `sha256:` and 64 lower-case digits."""
    return _SHA256.fullmatch(text) is not None


def _check_limits(text: str, parts: Parts) -> None:
    if len(parts.path) > PATH_LIMIT:
        offset = len(parts.name) - len(parts.path) + PATH_LIMIT
        reason = f"the path has {len(parts.path)} characters, at most {PATH_LIMIT} are allowed"
        raise ImageReferenceError(text, offset, kind="too-long", reason=reason)
    if parts.digest is not None and not is_digest(parts.digest):
        raise _digest_error(text, parts.digest)


def _digest_error(text: str, digest: str) -> ImageReferenceError:
    offset = len(text) - len(digest)
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256":
        reason = f"digests of kind {algorithm} are not supported"
        return ImageReferenceError(
            text, offset, kind="digest-unsupported", reason=reason, fix="use a sha256 digest"
        )
    offset += len("sha256:")
    if value != value.lower() and len(value) == len("f" * 64):
        offset += next(at for at, letter in enumerate(value) if letter.isupper())
        reason = "a digest is written in lower case"
        return ImageReferenceError(text, offset, kind="format", reason=reason)
    reason = f"a sha256 digest has 64 hexadecimal digits, this one has {len(value)}"
    return ImageReferenceError(
        text, offset + min(len(value), 64), kind="digest-length", reason=reason
    )
