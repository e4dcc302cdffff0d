"""Keeping a text within what GitHub takes: the middle goes, head and trailers stay."""

from __future__ import annotations

from collections.abc import Callable

from gitops_action.errors import GitOpsError

BODY_LIMIT = 65_536 - 256
"""Characters of a pull request's body or a comment, with room for a mark that is added later."""

SUMMARY_LIMIT = 1_048_576
"""Bytes of a step's summary."""

ROWS = 400
"""Rows of one table or list that are tried first."""

_CUT = "\n\n*… shortened: the whole did not fit here.*"


def fitting(render: Callable[[int], str], size: Callable[[str], int], limit: int) -> str:
    """Render with as many rows as fit; with none, the text is cut at the end of a line."""
    rows = ROWS
    while size(text := render(rows)) > limit:
        if rows == 0:
            return cut(text, size, limit)
        rows //= 2
    return text


def cut(text: str, size: Callable[[str], int], limit: int) -> str:
    """The longest start of the text, in whole lines, that fits with the note that it is cut."""
    lines, room = text.split("\n"), limit - size(_CUT)
    kept, used = [], 0
    for line in lines:
        used += size(line) + 1
        if used > room:
            break
        kept.append(line)
    return "\n".join(kept).rstrip() + _CUT


def characters(text: str) -> int:
    """How GitHub's limits in characters count at worst: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8_bytes(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def room_beside(block: str, limit: int) -> int:
    """What is left for the text above the trailers.

    Raises:
        GitOpsError: the trailers alone are too long.
    """
    left = limit - characters(block) - 2
    if left < limit // 8:
        raise GitOpsError(
            "There is too much in one change to be described in one pull request",
            cause=f"its trailers alone have {characters(block):,} characters",
            fix="bump fewer images, or set fewer values, at once",
        )
    return left
