"""Which files and documents can have to do with an image, decided by their bytes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.kinds import flux, helm, markers
from gitops_action.core.rendering.deployers import ARGO_GROUP

_FAMILIES = (flux.FAMILY, f"{ARGO_GROUP}/", f"{flux.K3S_GROUP}/")
_FAMILY_BYTES = tuple(family.encode() for family in _FAMILIES)
# A label or annotation of the family has no `apiVersion` in front.
_STEERING = re.compile(
    rb"apiVersion[\"']?\s*:\s*[\"']?[a-z.0-9]*(?:%s)v"
    % b"|".join(re.escape(family) for family in _FAMILY_BYTES)
)
_PATCHED_VALUES = b"/spec/values"
WIDE = (b"\xff\xfe", b"\xfe\xff")
_ESCAPES = (b"\\u00", b"\\x")
# Every way to name an image has one of these in a key, however it is spelled (`kinds.helm`): a
# whole reference or a repository, or a tag by itself. A key that an escape or a question mark
# takes apart is not looked for.
_IMAGE_KEYS = re.compile(
    rb"i[-_.]*m[-_.]*a[-_.]*g[-_.]*e|r[-_.]*e[-_.]*p[-_.]*o|t[-_.]*a[-_.]*g[-_.]*[\"']?\s*:|HelmChart",
    re.IGNORECASE,
)
_APART = (b"\\", b"? ", b"?\n", b"?\t", b"?\r")
_ESCAPE = re.compile(rb"\\(?:u00|x)([0-9a-fA-F]{2})")


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What in a file's bytes makes it worth reading for some images.

    Attributes:
        words: last parts of the repositories' names; none means every file is.
    """

    words: tuple[bytes, ...]
    expressions: tuple[re.Pattern[bytes], ...]

    @property
    def hints(self) -> tuple[bytes, ...]:
        """Texts of which a file in one-byte letters holds at least one when it has any sign."""
        steering = (*_FAMILY_BYTES, _PATCHED_VALUES, *markers.BYTES)
        return (*self.words, *steering, *_ESCAPES)

    def in_data(self, data: bytes) -> bool:
        """Whether the bytes name one of the images, or steer what others render."""
        return not self.words or self.named_in(data) or steers(data)

    def named_in(self, data: bytes) -> bool:
        """Whether the bytes hold the last part of a repository, as a whole word."""
        if data.startswith(WIDE):
            data = data.decode("utf-16", "replace").encode()
        if any(escape in data for escape in _ESCAPES):
            data = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), data)
        return any(
            word in data and expression.search(data)
            for word, expression in zip(self.words, self.expressions, strict=True)
        )


def signs_of(repositories: Iterable[str]) -> Signs:
    """The signs of normalised repositories."""
    words = sorted({repository.rpartition("/")[2].encode() for repository in repositories})
    return Signs(
        words=tuple(words),
        expressions=tuple(
            re.compile(rb"(?<![\w.-])%s(?![\w-]|\.\w)" % re.escape(word)) for word in words
        ),
    )


def steers(data: bytes) -> bool:
    """Whether the bytes decide where environments lead, whichever image is looked for."""
    families = any(family in data for family in _FAMILY_BYTES)
    return (
        (families and _STEERING.search(data) is not None)
        or _PATCHED_VALUES in data
        or any(mark in data for mark in markers.BYTES)
    )


def may_name_image(path: str, data: bytes) -> bool:
    """Whether a file can name an image at all: most files of an environment do not."""
    return (
        _IMAGE_KEYS.search(data) is not None
        or helm.is_values_file(path)
        or steers(data)
        or any(mark in data for mark in _APART)
        or data.startswith(WIDE)
    )


def is_root(signs: Signs, path: str, data: bytes) -> bool:
    """Whether a file is worth reading though nothing names it."""
    partial = helm.is_values_file(path) and (b"ag:" in data or b"igest:" in data)
    return partial or signs.in_data(data)
