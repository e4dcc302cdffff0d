"""Small values of the configuration that YAML has no type for: durations and shares."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gitops_action.core.pattern import pattern

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]*$"
"""Names of environments, applications and targets."""
DURATION_PATTERN = r"^(?=\d)(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
PERCENTAGE_PATTERN = r"^\d{1,3}(\.\d+)?%$"

_DURATION = pattern(
    r"(?=\d)(?:(?P<weeks>\d{1,5})w)?(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,7})h)?"
    r"(?:(?P<minutes>\d{1,9})m)?(?:(?P<seconds>\d{1,9})s)?",
    re.ASCII,
)
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def parse_duration(text: str) -> timedelta:
    """Read `1h30m`, `90s`, `2d`; units w, d, h, m, s, each at most once and in this order.

    Raises:
        ValueError: the text is no such duration; the message says what one looks like.
    """
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a duration such as 90s, 10m, 1h30m, 2d")
    return timedelta(**{unit: int(count) for unit, count in found.groupdict("0").items()})


def format_duration(duration: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it, whole seconds: `1d12h`."""
    rest = int(duration.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        count, rest = divmod(rest, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_percentage(text: str) -> float:
    """Read `20%` as 20.0.

    Raises:
        ValueError: the text is not a percentage between 0% and 100%.
    """
    if not re.fullmatch(PERCENTAGE_PATTERN, text, re.ASCII) or float(text[:-1]) > 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{text!r} is not a percentage between 0% and 100%")
    return float(text[:-1])


_DATE = pattern(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_until(text: str, now: datetime) -> datetime:
    """Read when something ends: a time with its zone, a date (its end, UTC), or a duration.

    Raises:
        ValueError: it is none of them, has no zone, or is not in the future; the message says so.
    """
    until = _moment(text, now)
    if until.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write {text}Z for UTC")
    if until <= now:
        raise ValueError(f"{text!r} is in the past")
    return until


def _moment(text: str, now: datetime) -> datetime:
    try:
        if _DURATION.fullmatch(text):
            return now + parse_duration(text)
        found = datetime.fromisoformat(text)
        whole_day = _DATE.fullmatch(text)
        return found.replace(tzinfo=UTC) + timedelta(days=1) if whole_day else found
    except (ValueError, OverflowError):
        shapes = "2026-11-28T14:00Z, 2026-11-28 (through its end, UTC), 30m, 2h or 3d"
        raise ValueError(f"{text!r} is no time such as {shapes}") from None
