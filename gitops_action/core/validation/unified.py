"""Unified diffs of lines, in bounded time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_CONTEXT = 3
_COMPARED = 4_000_000
"""Pairs of lines that are compared at most; beyond, the differing middle is replaced whole."""

_Span = tuple[int, int, int, int]
"""Lines `a:b` of the old text, which lines `c:d` of the new one take the place of."""


def unified(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The difference in the unified format of diff(1), three lines of context, no file headers.

    A text that is added or removed as a whole (the other one is empty) has no hunk header.
    """
    if not before or not after:
        yield from (f"-{line}" for line in before)
        yield from (f"+{line}" for line in after)
        return
    for hunk in _hunks(_spans(before, after)):
        yield from _hunk(hunk, before, after)


def _spans(before: Sequence[str], after: Sequence[str]) -> list[_Span]:
    """What differs. What both texts begin and end with is never compared."""
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    if not left and not right:
        return []
    if len(left) * len(right) > _COMPARED:
        return [(head, head + len(left), head, head + len(right))]
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return [(head + a, head + b, head + c, head + d) for tag, a, b, c, d in codes if tag != "equal"]


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((i for i, (old, new) in pairs if old != new), min(len(before), len(after)))


def _hunks(spans: list[_Span]) -> list[list[_Span]]:
    """Differences that stand so near each other that their contexts meet belong together."""
    hunks: list[list[_Span]] = []
    for span in spans:
        if hunks and span[0] - hunks[-1][-1][1] <= 2 * _CONTEXT:
            hunks[-1].append(span)
        else:
            hunks.append([span])
    return hunks


def _hunk(spans: list[_Span], before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    lead = min(_CONTEXT, spans[0][0])
    trail = min(_CONTEXT, len(before) - spans[-1][1])
    here, new = spans[0][0] - lead, spans[0][2] - lead
    end, new_end = spans[-1][1] + trail, spans[-1][3] + trail
    yield f"@@ -{_range(here, end)} +{_range(new, new_end)} @@"
    for start, stop, new_start, new_stop in spans:
        yield from (f" {line}" for line in before[here:start])
        yield from (f"-{line}" for line in before[start:stop])
        yield from (f"+{line}" for line in after[new_start:new_stop])
        here = stop
    yield from (f" {line}" for line in before[here:end])


def _range(start: int, end: int) -> str:
    """A range as diff(1) writes it: counted from 1, with the length unless that is one."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
