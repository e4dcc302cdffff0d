"""The error for text that is no image reference: it shows the place with a caret."""

from __future__ import annotations

from typing import Literal

from gitops_action.errors import UsageError

Kind = Literal[
    "empty", "format", "uppercase", "too-long", "identifier", "digest-length", "digest-unsupported"
]

_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_WINDOW = 100
_BEFORE = 60


class ImageReferenceError(UsageError):
    """Text that is no image reference.

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
