"""Finds the character at which a text stops being an image reference, and says why.

The grammar itself is in `grammar.py`; this walks the same rules from left to right only when a
text did not match, so that the error can point at a place.
"""

from __future__ import annotations

import re
from typing import Literal

from gitops_action.errors import UsageError

# The error for text that is not an image reference: it shows the place with a caret.

Kind = Literal[
    "empty", "format", "uppercase", "too-long", "identifier", "digest-length", "digest-unsupported"
]

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_WINDOW = 100
_BEFORE = 60


class ImageReferenceError(UsageError):
    """Text that is not an image reference.

    Attributes:
        text: what was given.
        column: the offending character, from 1 (one past the end when something is missing).
        kind: which rule of the grammar is broken.
        reason: the rule, in words.
    """

    def __init__(self, text: str, offset: int, *, kind: Kind, reason: str, fix: str = "") -> None:
        """Lay out the reason, the text and a caret under the offending character."""
        self.text = text
        self.column = offset + 1
        self.kind: Kind = kind
        self.reason = reason
        shown, caret = _excerpt(text, offset)
        super().__init__(
            f"Not an image reference: {shown}" if text else "An image reference is empty",
            cause=f"{reason} (column {self.column})\n  {shown}\n  {' ' * caret}^",
            fix=fix or "write it as [registry/]repository[:tag][@sha256:digest]",
        )


def _excerpt(text: str, offset: int) -> tuple[str, int]:
    """A stretch of the text around the offset, printable, and where the offset is in it."""
    start = max(0, offset - _BEFORE) if len(text) > _WINDOW else 0
    cut = text[start : start + _WINDOW]
    shown = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cut
    )
    head = "…" if start else ""
    tail = "…" if start + _WINDOW < len(text) else ""
    return f"{head}{shown}{tail}", offset - start + len(head)


_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_SEPARATOR = re.compile(r"[._]|__|-+")
_LABELS = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?")
_ADDRESS = re.compile(r"\[[a-fA-F0-9:]+")
_PORT = re.compile(r":[0-9]+")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_TAG_LIMIT = 128
_ALGORITHM = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*")
_HEX = re.compile(r"[0-9a-fA-F]*")
_HEX_LEAST = 32


def find_fault(text: str, *, uppercase: bool) -> ImageReferenceError:
    """The error for a text that does not match the grammar.

    Args:
        text: the text as given.
        uppercase: it would match were it written in lower case.
    """
    if not text:
        return ImageReferenceError(text, 0, kind="empty", reason="there is nothing to read")
    if (scheme := text.find("://")) >= 0:
        reason = "a reference is not an address and has no scheme"
        return _format(text, scheme, reason, fix=f"leave out `{text[: scheme + 3]}`")
    if uppercase:
        reason = "a repository name is written in lower case"
        return ImageReferenceError(
            text, _first_capital(text), kind="uppercase", reason=reason, fix="lower-case the name"
        )
    return _format(text, *_walk(text))


def _format(text: str, offset: int, reason: str, *, fix: str = "") -> ImageReferenceError:
    return ImageReferenceError(text, offset, kind="format", reason=reason, fix=fix)


def _first_capital(text: str) -> int:
    """The first capital of the path; one in the domain, the tag or the digest is no fault."""
    name = text.partition("@")[0]
    start = name.find("/") + 1 if _has_domain(name) else 0
    return next(
        (at for at in range(start, len(name)) if name[at].isupper()),
        next((at for at, letter in enumerate(text) if letter.isupper()), 0),
    )


def _has_domain(text: str) -> bool:
    first, slash, _ = text.partition("/")
    special = first == "localhost" or first != first.lower() or any(mark in first for mark in ".:[")
    return bool(slash) and "@" not in first and special


def _walk(text: str) -> tuple[int, str]:
    at = 0
    if text.startswith("[") or _has_domain(text):
        at, reason = _domain(text)
        if reason:
            return at, reason
    at, reason = _path(text, at)
    if not reason and text[at : at + 1] == ":":
        at, reason = _tag(text, at + 1)
    if not reason and text[at : at + 1] == "@":
        at, reason = _digest(text, at + 1)
    return at, reason or "the text goes on after the end of the reference"


def _domain(text: str) -> tuple[int, str]:
    """Walk over the registry and its slash."""
    found = (_ADDRESS if text.startswith("[") else _LABELS).match(text)
    if found is None:
        return 0, "a registry name starts with a letter or digit, or with an address in brackets"
    at, reason = _labels(found) if found.re is _LABELS else _address(text, found.end())
    if reason:
        return at, reason
    if port := _PORT.match(text, at):
        at = port.end()
    if text[at : at + 1] == "/":
        return at + 1, ""
    if text.startswith("[") and at == len(text):
        return at, "after the registry a slash and a repository name are missing"
    return _after_colon(text, at)


def _labels(found: re.Match[str]) -> tuple[int, str]:
    empty = re.search(r"\.[.-]|-\.", found[0])
    if empty is None:
        return found.end(), ""
    return empty.start() + 1, "a registry name has letters or digits on both sides of each dot"


def _address(text: str, at: int) -> tuple[int, str]:
    if text[at : at + 1] == "]":
        return at + 1, ""
    return at, "an IPv6 address has hexadecimal digits and colons only, and ends with ]"


def _after_colon(text: str, at: int) -> tuple[int, str]:
    if text[at : at + 1] == ":":
        return at + 1, "a port is a number"
    return at, "this character is not allowed in a registry name"


def _path(text: str, at: int) -> tuple[int, str]:
    """Walk over the repository's path, up to the colon, the at sign or the end."""
    while True:
        found = _COMPONENT.match(text, at)
        if found is None:
            return at, _bad_start(text, at)
        at = found.end()
        if at == len(text) or text[at] in ":@":
            return at, ""
        if text[at] != "/":
            return _bad_letter(text, at)
        at += 1


def _bad_start(text: str, at: int) -> str:
    if at == len(text) or text[at] in "/:@":
        return "a part of the repository name is missing here"
    if text[at].isupper():
        return "a repository name is written in lower case"
    return "each part of a repository name starts with a lower-case letter or a digit"


def _bad_letter(text: str, at: int) -> tuple[int, str]:
    if text[at].isupper():
        return at, "a repository name is written in lower case"
    if (separator := _SEPARATOR.match(text, at)) is None:
        return at, "this character is not allowed in a repository name"
    after = separator.end()
    if after == len(text) or text[after] in "/:@":
        return at, "a part of a repository name ends with a letter or a digit"
    return after, "between separators (one dot, one or two underscores, dashes) stand letters"


def _tag(text: str, at: int) -> tuple[int, str]:
    found = _TAG.match(text, at)
    if found is None:
        return at, "a tag starts with a letter, a digit or an underscore"
    if len(found[0]) > _TAG_LIMIT:
        return at + _TAG_LIMIT, f"a tag has at most {_TAG_LIMIT} characters"
    if found.end() < len(text) and text[found.end()] != "@":
        return found.end(), "a tag has letters, digits, underscores, dots and dashes only"
    return found.end(), ""


def _digest(text: str, at: int) -> tuple[int, str]:
    algorithm = _ALGORITHM.match(text, at)
    if algorithm is None or text[algorithm.end() : algorithm.end() + 1] != ":":
        where = at if algorithm is None else algorithm.end()
        return where, "a digest is written sha256:… here"
    start = algorithm.end() + 1
    end = start + len(_HEX.findall(text[start:])[0])
    if end < len(text):
        return end, "a digest has hexadecimal digits only"
    if end - start < _HEX_LEAST:
        return end, f"a sha256 digest has 64 hexadecimal digits, this one has {end - start}"
    return end, ""
