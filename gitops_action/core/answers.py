"""Parts of other programs' answers, read so that an odd one is an ordinary error."""

from __future__ import annotations

import json

LONGEST_DELAY = 1e9
"""Seconds, about thirty years: what stands for every longer delay."""

_MOST_DIGITS = 9
_MOST_EPOCH_DIGITS = 11


def parse_json(data: str | bytes) -> object:
    """A JSON document.

    Raises:
        ValueError: it is none, or is nested too deep to be read.
    """
    try:
        value: object = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return value


def delay_seconds(text: str) -> float | None:
    """A `Retry-After` in seconds (RFC 9110, 10.2.3); None for a date and for anything else."""
    if not _is_digits(text):
        return None
    return float(text) if len(text.lstrip("0")) <= _MOST_DIGITS else LONGEST_DELAY


def epoch_seconds(text: str) -> float | None:
    """A moment in seconds since 1970; None for what is none, or is millennia away."""
    return float(text) if _is_digits(text) and len(text) <= _MOST_EPOCH_DIGITS else None


def _is_digits(text: str) -> bool:
    """ASCII digits: `²` and its like are digits for `str.isdigit` alone."""
    return text.isascii() and text.isdecimal()
