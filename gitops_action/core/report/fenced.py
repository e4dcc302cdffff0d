"""Untrusted text of many lines in Markdown: a fenced code block that nothing in it can close."""

from __future__ import annotations

import re

from gitops_action.core.inert import escaped

_RUN = re.compile(r"`+")
_SHORTEST_FENCE = 3
_LINE_LIMIT = 500
"""Characters of a line that are shown."""


def fenced(text: str, *, language: str, lines: int) -> str:
    """The text in a fenced code block.

    A fence closes only by as many backticks as opened it (GitHub Flavored Markdown specification,
    4.5 Fenced code blocks), so that it is made longer than any in the text.

    Args:
        text: shown line by line; what does not print is shown by its number.
        language: trusted; what the block is highlighted as.
        lines: how many lines are shown; how many more there are is said below them.
    """
    every = text.split("\n")
    shown = [_line(line) for line in every[:lines]]
    if hidden := len(every) - len(shown):
        shown.append(f"… and {hidden} more line{'s' * (hidden != 1)}")
    body = "\n".join(shown)
    longest = max((len(run) for run in _RUN.findall(body)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _line(line: str) -> str:
    cut = line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]}…"
    return "".join(
        letter if letter.isprintable() or letter == "\t" else escaped(letter) for letter in cut
    )
