"""Merge windows: denials, allowances, daylight saving, and when they open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.core.config.resolved import Window
from gitops_action.core.gates.windows import evaluate, next_opening
from tests.support.properties import examples


def deny(cron: str, hours: float, zone: str = "UTC") -> Window:
    return Window(effect="deny", cron=cron, duration=timedelta(hours=hours), timezone=zone)


def allow(cron: str, hours: float, zone: str = "UTC") -> Window:
    return Window(effect="allow", cron=cron, duration=timedelta(hours=hours), timezone=zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}Z")


WEEKEND = (deny("0 17 * * FRI", 63, "Europe/Berlin"),)
GAP = "2026-03-29"
TWICE = "2026-10-25"

OPENINGS = [
    pytest.param(WEEKEND, "2026-11-27T15:59", "2026-11-27T15:59", id="before"),
    pytest.param(WEEKEND, "2026-11-27T16:00", "2026-11-30T07:00", id="contains its start"),
    pytest.param(WEEKEND, "2026-11-28T12:00", "2026-11-30T07:00", id="inside"),
    pytest.param(WEEKEND, "2026-11-30T06:59:59", "2026-11-30T07:00", id="its last second"),
    pytest.param(WEEKEND, "2026-11-30T07:00", "2026-11-30T07:00", id="not its end"),
    # Clocks go forward in this span: 63 hours pass, so it ends at 09:00 on the clock.
    pytest.param(WEEKEND, "2026-03-28T12:00", "2026-03-30T07:00", id="for is elapsed time"),
    # 02:30 is missing on this day: the span starts when the gap ends, at 01:00Z.
    pytest.param(
        (deny("30 2 * * *", 1, "Europe/Berlin"),), f"{GAP}T01:00", f"{GAP}T02:00", id="gap"
    ),
    pytest.param(
        (deny("30 2 * * *", 1, "Europe/Berlin"),), f"{GAP}T00:59", f"{GAP}T00:59", id="before gap"
    ),
    pytest.param(
        (allow("15 2 * * *", 1, "Australia/Lord_Howe"),),
        "2026-10-03T15:00",
        "2026-10-03T15:30",
        id="a gap of half an hour",
    ),
    # 02:30 comes twice, at 00:30Z and at 01:30Z.
    pytest.param(
        (allow("30 2 * * *", 0.5, "Europe/Berlin"),), f"{TWICE}T00:30", f"{TWICE}T00:30", id="once"
    ),
    pytest.param(
        (allow("30 2 * * *", 0.5, "Europe/Berlin"),),
        f"{TWICE}T01:30",
        "2026-10-26T01:30",
        id="once alone",
    ),
    pytest.param(
        (allow("30 * * * *", 0.5, "Europe/Berlin"),),
        f"{TWICE}T01:30",
        f"{TWICE}T01:30",
        id="twice by an hour of *",
    ),
    pytest.param(
        (allow("* 2 * * *", 1 / 60, "Europe/Berlin"),),
        f"{TWICE}T01:10",
        "2026-10-26T01:00",
        id="once by a minute of *",
    ),
    # Between the two, the clock shows earlier times than before.
    pytest.param(
        (allow("0 * * * *", 0.1, "Europe/Berlin"),),
        f"{TWICE}T00:30",
        f"{TWICE}T01:00",
        id="the same time again",
    ),
    pytest.param(
        (deny("30 2 * * *", 0.75, "Europe/Berlin"),),
        f"{TWICE}T01:05",
        f"{TWICE}T01:15",
        id="from before the clock went back",
    ),
    pytest.param(
        (allow("0 2 * * *", 1), deny("30 2 * * *", 2)),
        "2026-11-28T02:30",
        "2026-11-29T02:00",
        id="a denial wins",
    ),
    pytest.param(
        (deny("0 8 * * *", 2), deny("0 10 * * *", 2), deny("30 11 * * *", 1)),
        "2026-11-28T08:10",
        "2026-11-28T12:30",
        id="denials that touch",
    ),
    pytest.param(
        (allow("0 9 * * MON", 1), allow("0 9 * * TUE", 1)),
        "2026-11-28T08:00",
        "2026-11-30T09:00",
        id="the first of two allowances",
    ),
    pytest.param(
        (allow("0 9 13 * FRI", 1),), "2026-11-28T08:00", "2026-12-04T09:00", id="day of week"
    ),
    pytest.param(
        (allow("0 9 13 * FRI", 1),), "2026-12-12T08:00", "2026-12-13T09:00", id="or of month"
    ),
    pytest.param((allow("0 9 29 2 *", 1),), "2026-11-28T08:00", None, id="beyond 400 days"),
    pytest.param((deny("* * * * *", 1),), "2026-11-28T08:00", None, id="never"),
]


@pytest.mark.parametrize(("windows", "now", "opens"), OPENINGS)
def test_the_next_opening(windows: tuple[Window, ...], now: str, opens: str | None) -> None:
    assert next_opening(windows, at(now)) == (at(opens) if opens else None)


def test_without_windows_there_is_no_gate() -> None:
    assert evaluate("production", (), at("2026-11-28T12:00")) is None


def test_a_closed_window_names_its_end_and_its_denial() -> None:
    result = evaluate("production", WEEKEND, at("2026-11-28T12:00"))
    assert result is not None
    assert (result.word, result.code) == ("wait", "window-closed")
    assert result.reason == "window until 2026-11-30 07:00Z"
    assert result.opens == at("2026-11-30T07:00")
    assert result.found == "closed by `deny: 0 17 * * FRI` (Europe/Berlin)"


def test_an_open_window_passes() -> None:
    result = evaluate("production", WEEKEND, at("2026-11-26T12:00"))
    assert result is not None
    assert (result.word, result.code, result.opens) == ("pass", "window-open", None)


def test_windows_that_never_open_are_refused() -> None:
    result = evaluate("production", (deny("0 0 * * *", 24),), at("2026-11-28T12:00"))
    assert result is not None
    assert (result.word, result.code) == ("refuse", "window-never-opens")


def test_an_opening_that_is_out_of_sight_is_waited_for() -> None:
    result = evaluate("production", (allow("0 9 29 2 *", 1),), at("2026-11-28T12:00"))
    assert result is not None
    assert (result.word, result.opens, result.code) == ("wait", None, "window-closed")
    assert result.found == "closed by `allow: 0 9 29 2 *` (UTC), which is not open"


# Against every minute of the clock.

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
DAYS = 6
SEASONS = [at(f"2026-{day}T00:00") for day in ("03-27", "10-23", "10-02", "04-03", "03-06")]
"""Days before clocks are moved in one of the zones."""
FIELDS = st.sampled_from(["*", "0", "30", "15,45", "0-10"])
HOURS = st.sampled_from(["*", "1", "2", "2,3", "0-4", "23"])


def values(field: str, everything: range) -> set[int]:
    if field == "*":
        return set(everything)
    found: set[int] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@cache
def starts(cron: str, zone: str, begin: datetime) -> frozenset[datetime]:
    """Each minute at which the clock shows a time that counts, and each gap that hides one."""
    minute, hour = cron.split()[:2]
    minutes, hours = values(minute, range(60)), values(hour, range(24))
    found, before = set(), None
    for step in range(DAYS * 1440):
        moment = begin + step * MINUTE
        local = moment.astimezone(ZoneInfo(zone))
        shown = local.replace(tzinfo=None)
        while before is not None and shown > before + MINUTE:  # the clock went forward
            before += MINUTE
            if before.minute in minutes and before.hour in hours:
                found.add(moment)
        if local.minute in minutes and local.hour in hours and (not local.fold or hour == "*"):
            found.add(moment)
        before = shown
    return frozenset(found)


@dataclass(frozen=True)
class Case:
    window: Window
    season: datetime
    offset: int

    @property
    def now(self) -> datetime:
        return self.season + self.offset * MINUTE


CASES = st.builds(
    Case,
    window=st.builds(
        Window,
        effect=st.sampled_from(["deny", "allow"]),
        cron=st.builds("{} {} * * *".format, FIELDS, HOURS),
        duration=st.integers(1, 300).map(lambda minutes: minutes * MINUTE),
        timezone=st.sampled_from(ZONES),
    ),
    season=st.sampled_from(SEASONS),
    offset=st.integers(300, (DAYS - 2) * 1440),
)


@settings(max_examples=examples(60))
@given(CASES)
def test_a_moment_is_open_by_the_starts_on_the_clock(case: Case) -> None:
    window, now = case.window, case.now
    times = starts(window.cron, window.timezone, case.season)
    inside = any(now - back * MINUTE in times for back in range(window.duration // MINUTE))
    opened = next_opening((window,), now)
    assert (opened == now) == (inside == (window.effect == "allow"))
    if opened != now and window.effect == "allow":
        assert opened == min((one for one in times if one > now), default=opened)
