"""Dates in Moment.js' format tokens, which docker/metadata-action's expressions use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

Writer = Callable[[datetime], str]

_NOON = 12
_TOKENS = pattern(
    r"\[([^\[\]]*)\]"
    r"|(\\?)(LTS|LT|L{1,4}|l{1,4}|Y{4,6}|YY|Y|y{1,4}|Qo|Q|Mo|M{1,4}|DDDo|Do|D{1,4}|do|d{1,4}|e|E"
    r"|wo|ww|w|Wo|WW|W|GGGGG|GGGG|GG|ggggg|gggg|gg|N{1,5}|HH|H|hh|h|kk|k|mm|m|ss|s|S{1,9}|ZZ|Z"
    r"|zz|z|A|a|X|x)"
)
_LOCALES = {
    "LTS": "h:mm:ss A",
    "LT": "h:mm A",
    "L": "MM/DD/YYYY",
    "LL": "MMMM D, YYYY",
    "LLL": "MMMM D, YYYY h:mm A",
    "LLLL": "dddd, MMMM D, YYYY h:mm A",
    "l": "M/D/YYYY",
    "ll": "MMM D, YYYY",
    "lll": "MMM D, YYYY h:mm A",
    "llll": "ddd, MMM D, YYYY h:mm A",
}
"""What Moment's English locale makes of its own date formats."""


def moment_format(moment: datetime, pattern: str, zone: str) -> str:
    """Write a date by a Moment.js pattern in a time zone (IANA name).

    Text in brackets, and a token behind a backslash, stand for themselves. An empty pattern is
    ISO 8601 to the second. Weeks: `W` and `G` by ISO 8601, `w` and `g` as Moment's
    English locale counts them (Sunday first, the week with 1 January is the first).

    Raises:
        UsageError: the time zone is unknown.
    """
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        fix = "write an IANA name, for example `Europe/Berlin`"
        raise UsageError(f"Unknown time zone: {zone!r}", fix=fix) from None
    pattern = pattern or ("YYYY-MM-DDTHH:mm:ss[Z]" if zone == "UTC" else "YYYY-MM-DDTHH:mm:ssZ")
    return _write(local, pattern)


def _write(moment: datetime, pattern: str) -> str:
    return _TOKENS.sub(lambda found: _token(found, moment), pattern)


def _token(found: re.Match[str], moment: datetime) -> str:
    if found[1] is not None:
        return found[1]
    if found[2]:
        return found[3]
    if found[3] in _LOCALES:
        return _write(moment, _LOCALES[found[3]])
    return _WRITERS[found[3]](moment)


def _ordinal(number: int) -> str:
    teens = number % 100 in {11, 12, 13}
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _english_week(moment: datetime) -> tuple[int, int]:
    """Year and number of the week, Sunday first, the first being the one with 1 January."""
    start = moment.date().toordinal() - moment.isoweekday() % 7
    year = datetime.fromordinal(start + 6).year
    january = datetime(year, 1, 1, tzinfo=moment.tzinfo)
    first = january.toordinal() - january.isoweekday() % 7
    return year, (start - first) // 7 + 1


def _offset(moment: datetime, colon: str) -> str:
    text = moment.strftime("%z")
    return f"{text[:3]}{colon}{text[3:5]}"


def _hour12(moment: datetime) -> int:
    return moment.hour % _NOON or _NOON


def _year(width: int) -> Writer:
    return lambda moment: f"{moment.year:0{width}}"


def _fraction(width: int) -> Writer:
    return lambda moment: f"{moment.microsecond * 1000:09}"[:width]


_WRITERS: Mapping[str, Writer] = {
    "YYYYYY": lambda m: f"+{m.year:06}",
    "YYYYY": lambda m: f"{m.year:05}",
    "YYYY": lambda m: f"{m.year:04}",
    "Y": lambda m: f"{m.year:04}",
    **{"y" * width: _year(width) for width in range(1, 5)},
    "YY": lambda m: f"{m.year % 100:02}",
    **{"N" * n: lambda _: "AD" for n in (1, 2, 3, 5)},
    "NNNN": lambda _: "Anno Domini",
    "Qo": lambda m: _ordinal((m.month + 2) // 3),
    "Q": lambda m: str((m.month + 2) // 3),
    "MMMM": lambda m: m.strftime("%B"),
    "MMM": lambda m: m.strftime("%b"),
    "MM": lambda m: f"{m.month:02}",
    "Mo": lambda m: _ordinal(m.month),
    "M": lambda m: str(m.month),
    "DDDD": lambda m: f"{m.timetuple().tm_yday:03}",
    "DDDo": lambda m: _ordinal(m.timetuple().tm_yday),
    "DDD": lambda m: str(m.timetuple().tm_yday),
    "DD": lambda m: f"{m.day:02}",
    "Do": lambda m: _ordinal(m.day),
    "D": lambda m: str(m.day),
    "dddd": lambda m: m.strftime("%A"),
    "ddd": lambda m: m.strftime("%a"),
    "dd": lambda m: m.strftime("%a")[:2],
    "do": lambda m: _ordinal(m.isoweekday() % 7),
    "d": lambda m: str(m.isoweekday() % 7),
    "e": lambda m: str(m.isoweekday() % 7),
    "E": lambda m: str(m.isoweekday()),
    "Wo": lambda m: _ordinal(m.isocalendar().week),
    "WW": lambda m: f"{m.isocalendar().week:02}",
    "W": lambda m: str(m.isocalendar().week),
    "wo": lambda m: _ordinal(_english_week(m)[1]),
    "ww": lambda m: f"{_english_week(m)[1]:02}",
    "w": lambda m: str(_english_week(m)[1]),
    "GGGGG": lambda m: f"{m.isocalendar().year:05}",
    "GGGG": lambda m: f"{m.isocalendar().year:04}",
    "GG": lambda m: f"{m.isocalendar().year % 100:02}",
    "ggggg": lambda m: f"{_english_week(m)[0]:05}",
    "gggg": lambda m: f"{_english_week(m)[0]:04}",
    "gg": lambda m: f"{_english_week(m)[0] % 100:02}",
    "HH": lambda m: f"{m.hour:02}",
    "H": lambda m: str(m.hour),
    "hh": lambda m: f"{_hour12(m):02}",
    "h": lambda m: str(_hour12(m)),
    "kk": lambda m: f"{m.hour or 24:02}",
    "k": lambda m: str(m.hour or 24),
    "mm": lambda m: f"{m.minute:02}",
    "m": lambda m: str(m.minute),
    "ss": lambda m: f"{m.second:02}",
    "s": lambda m: str(m.second),
    **{"S" * width: _fraction(width) for width in range(1, 10)},
    "ZZ": lambda m: _offset(m, ""),
    "Z": lambda m: _offset(m, ":"),
    "zz": lambda m: m.tzname() or "",
    "z": lambda m: m.tzname() or "",
    "A": lambda m: "AM" if m.hour < _NOON else "PM",
    "a": lambda m: "am" if m.hour < _NOON else "pm",
    "X": lambda m: str(int(m.timestamp())),
    "x": lambda m: str(int(m.timestamp() * 1000)),
}
