"""Merge windows: recurring spans of time, by cron expression and time zone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from gitops_action.core.config.resolved import Window

_FIELDS = 5
_SAMPLE_START = datetime(2024, 1, 1, tzinfo=UTC)  # any leap year shows what a cron line can match
_SAMPLE_END = _SAMPLE_START + timedelta(days=400)
_SAMPLE_LIMIT = 10_000
_EVALUATED_FROM = _SAMPLE_START + timedelta(days=32)  # a denial from before the sample may reach in

Span = tuple[datetime, datetime]


def check_cron(expression: str) -> None:
    """Make sure that a cron expression of five fields can be read and matches some time.

    Raises:
        ValueError: it cannot, or it never does (30 February).
    """
    if len(expression.split()) != _FIELDS:
        raise ValueError(f"{expression!r} is not a cron expression of five fields")
    try:
        next(CronSim(expression, _SAMPLE_START))
    except CronSimError as error:
        raise ValueError(f"{expression!r} is not a cron expression: {error}") from None
    except StopIteration:
        raise ValueError(f"{expression!r} never comes") from None


# When spans start, daylight saving included.

_LONGEST_SHIFT = timedelta(hours=3)
"""More than any clock is moved for daylight saving."""
_STEP = timedelta(seconds=1)


def next_start(window: Window, after: datetime) -> datetime | None:
    """The first start later than a moment, in UTC; None when there is none any more."""
    zone, best = ZoneInfo(window.timezone), None
    for local in _ticks(window.cron, _clock(after, zone) - _near_change(after, zone)):
        if best and local > _clock(best, zone) + _near_change(best, zone):
            break
        later = [one for one in _instants(local, zone, window.cron) if one > after]
        best = min([*([best] if best else []), *later], default=None)
    return best


def last_start(window: Window, until: datetime, *, within: timedelta) -> datetime | None:
    """The last start that is not later than a moment, in UTC, and less than `within` before it."""
    zone, best = ZoneInfo(window.timezone), None
    here = _clock(until, zone)
    from_ = here + _near_change(until, zone) + timedelta(minutes=1)
    for local in _ticks(window.cron, from_, reverse=True):
        if local < here - within - _LONGEST_SHIFT:
            break
        if best and local < _clock(best, zone) - _near_change(best, zone):
            break
        past = [one for one in _instants(local, zone, window.cron) if one <= until]
        best = max([*([best] if best else []), *past], default=None)
    return best if best and until - best < within else None


def _clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in the zone shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _near_change(moment: datetime, zone: ZoneInfo) -> timedelta:
    """How far the order of times on the clock may differ from the order in which they come."""
    sides = (moment - _LONGEST_SHIFT, moment + _LONGEST_SHIFT)
    offsets = {side.astimezone(zone).utcoffset() for side in sides}
    return _LONGEST_SHIFT if len(offsets) > 1 else timedelta(0)


def _ticks(cron: str, from_: datetime, *, reverse: bool = False) -> Iterator[datetime]:
    """The times on the clock that the expression names, whether clocks show them or not."""
    try:
        yield from CronSim(cron, from_, reverse=reverse)
    except (OverflowError, ValueError):
        return  # the calendar ends


def _instants(local: datetime, zone: ZoneInfo, cron: str) -> tuple[datetime, ...]:
    """The moments at which a clock in the zone shows a time.

    A time inside a missing hour comes when the gap ends. One that comes twice counts once, unless
    the expression's hour is `*`.
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if second < first:
        return (_change_between(second, first, zone),)
    every_hour = cron.split()[1] == "*"
    return (first, second) if second > first and every_hour else (first,)


def _change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """When the zone's offset changes between two moments, to the second."""
    before = early.astimezone(zone).utcoffset()
    while late - early > _STEP:
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def never_open(windows: Sequence[Window]) -> bool:
    """Whether these windows certainly leave no moment to merge in.

    Looked at over a sample of 400 days. Windows with more than one span an hour, and those
    that allow and never come in the sample, leave it open: the answer is then False.
    """
    denied = _sample(windows, "deny")
    allowed = _sample(windows, "allow")
    if denied is None or allowed is None:
        return False
    if not any(window.effect == "allow" for window in windows):
        allowed = [(_EVALUATED_FROM, _SAMPLE_END)]
    evaluated = [span for span in allowed if span[0] >= _EVALUATED_FROM]
    return bool(evaluated) and all(_covered(span, denied) for span in evaluated)


def _sample(windows: Sequence[Window], effect: str) -> list[Span] | None:
    """The joined spans of the windows of one effect; None when some cannot be judged."""
    found: list[Span] = []
    for window in windows:
        if window.effect != effect:
            continue
        spans = _spans(window)
        if not spans and (spans is None or effect == "allow"):
            return None
        found += spans
    return _joined(found)


def _spans(window: Window) -> list[Span] | None:
    """The window's spans in the sample, or None when there are too many to look at."""
    zone = ZoneInfo(window.timezone)
    spans: list[Span] = []
    for cron, duration in _thinned(window):
        for local in _ticks(cron, _SAMPLE_START.astimezone(zone).replace(tzinfo=None)):
            instants = _instants(local, zone, cron)
            if instants[0] >= _SAMPLE_END:
                break
            if len(spans) >= _SAMPLE_LIMIT:
                return None
            spans += [(begin, begin + duration) for begin in instants]
    return spans


def _thinned(window: Window) -> list[tuple[str, timedelta]]:
    """The same span of time with fewer starts: those of one hour that touch become one."""
    minute, rest = window.cron.split(maxsplit=1)
    minutes = sorted(CronSim(f"{minute} * * * *", _SAMPLE_START).minutes)
    runs: list[tuple[int, int]] = []
    for start in minutes:
        if runs and start - runs[-1][1] <= window.duration / timedelta(minutes=1):
            runs[-1] = (runs[-1][0], start)
        else:
            runs.append((start, start))
    return [
        (f"{first} {rest}", timedelta(minutes=last - first) + window.duration)
        for first, last in runs
    ]


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _covered(span: Span, joined: Sequence[Span]) -> bool:
    at = bisect_right(joined, span[0], key=lambda other: other[0]) - 1
    return at >= 0 and min(span[1], _SAMPLE_END) <= joined[at][1]
