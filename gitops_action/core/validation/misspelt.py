"""A name that is another one but for a slip of one or two letters."""

from __future__ import annotations

from collections.abc import Collection

_ONE, _TWO = 4, 8
"""Lengths from which on one letter, or two, may be wrong: `dev` and `web` are two names."""


def slip_of(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant; None where none is that near.

    Names that differ in digits alone, as `web1` and `web2`, are different names.
    """
    allowed = 2 if len(name) >= _TWO else 1 if len(name) >= _ONE else 0
    near = [
        (distance, one)
        for one in sorted(known)
        if abs(len(one) - len(name)) <= allowed
        and _letters(one) != _letters(name)
        and (distance := _distance(name, one)) <= allowed
    ]
    return min(near)[1] if near else None


def _letters(name: str) -> str:
    return "".join(letter for letter in name if not letter.isdigit())


def _distance(one: str, other: str) -> int:
    """Letters to change, add, remove or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        here = [row]
        for column, opposite in enumerate(other, 1):
            costs = [above[column] + 1, here[-1] + 1, above[column - 1] + (letter != opposite)]
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                costs.append(before[column - 2] + 1)
            here.append(min(costs))
        before, above = above, here
    return above[-1]
