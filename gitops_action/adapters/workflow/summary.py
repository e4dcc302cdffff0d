"""The limit of a job summary: what is too long is cut between blocks, and says so."""

from __future__ import annotations

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of Markdown a step may give (GitHub's documentation, "Adding a job summary")."""

_NOTE = """
> [!NOTE]
> The summary is cut here: it is longer than a job summary may be. The log has all of it.
"""
_FENCES = ("```", "~~~")
_CLOSING = "\n</details>\n"


def shorten(markdown: str, limit: int) -> str:
    """The Markdown in at most `limit` bytes of UTF-8.

    Whole blocks (paragraphs, lists, tables, fenced code) are kept from the start, open
    `<details>` are closed, and a note ends it. Empty when not even the note fits.
    """
    if len(markdown.encode()) <= limit:
        return markdown
    kept, size, depth = "", len(_NOTE.encode()), 0
    if size > limit:
        return ""
    for block in _blocks(markdown):
        size += len(block.encode())
        inner = depth + block.count("<details") - block.count("</details>")
        if size + max(inner, 0) * len(_CLOSING) > limit:
            break
        kept, depth = kept + block, inner
    return kept + _CLOSING * max(depth, 0) + _NOTE


def _blocks(markdown: str) -> list[str]:
    """Cut after blank lines outside of fenced code; joined again they are the text."""
    blocks, current, fence = [], "", ""
    for line in markdown.splitlines(keepends=True):
        current += line
        start = line.strip()[:3]
        if start in _FENCES and (not fence or start == fence):
            fence = "" if fence else start
        if not line.strip() and not fence:
            blocks.append(current)
            current = ""
    return [*blocks, current] if current else blocks
