"""Durations, percentages, and windows that leave no moment."""

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config import Window
from gitops_action.core.config.values import format_duration, parse_duration, parse_percentage
from gitops_action.core.config.windows import check_cron, never_open


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("0s", timedelta(0)),
    ],
)
def test_durations(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "h", "1", "1.5h", "30m1h", "1h ", " 1h", "-1h", "1H", "\u0661h"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(0, 10**9))
def test_durations_come_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


def test_percentages() -> None:
    assert [parse_percentage(text) for text in ("0%", "12.5%", "100%")] == [0, 12.5, 100]


@pytest.mark.parametrize("text", ["", "%", "20", "101%", "100.1%", "-1%", "1 %", "٢%"])
def test_what_is_no_percentage(text: str) -> None:
    with pytest.raises(ValueError, match="is not a percentage"):
        parse_percentage(text)


def window(
    effect: Literal["deny", "allow"], cron: str, hours: float, timezone: str = "UTC"
) -> Window:
    duration = timedelta(hours=hours)
    return Window(effect=effect, cron=cron, duration=duration, timezone=timezone)


CLOSED = [
    [window("deny", "0 0 * * MON", 168)],
    [window("deny", "0 0 * * *", 24)],
    [window("deny", "0 * * * *", 1)],
    [window("deny", "*/5 * * * *", 1)],
    [window("deny", "* * * * *", 1 / 60)],
    [window("deny", "0-40 * * * *", 1 / 3)],
    [window("deny", "0 0 1 * *", 31 * 24)],
    [window("deny", "0 0 * * *", 12), window("deny", "0 12 * * *", 12)],
    [window("allow", "0 9 * * *", 8), window("deny", "0 8 * * *", 10)],
    [window("allow", "0 9 * * *", 8, "Europe/Berlin"), window("deny", "0 0 * * *", 24)],
]
OPEN = [
    [],
    [window("deny", "0 17 * * FRI", 63, "Europe/Berlin")],
    [window("deny", "0 0 * * *", 23.9)],
    [window("deny", "0 0 1 * *", 30 * 24)],
    [window("allow", "0 9 * * *", 8), window("deny", "0 10 * * *", 10)],
    [window("allow", "0 9 29 2 *", 1)],
    [window("deny", "* * * * *", 1 / 120)],  # half of each minute
    [window("deny", "0-40 * * * *", 1 / 4)],
    [window("deny", "0 0 * * *", 24, "Europe/Berlin")],  # the day of 25 hours
]


@pytest.mark.parametrize("windows", CLOSED)
def test_windows_that_leave_no_moment(windows: list[Window]) -> None:
    assert never_open(windows)


@pytest.mark.parametrize("windows", OPEN)
def test_windows_that_leave_some_moment(windows: list[Window]) -> None:
    assert not never_open(windows)


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "0 0 31 4 *", "61 * * * *", "* * *", "", "@daily"])
def test_cron_lines_that_never_come_or_cannot_be_read(cron: str) -> None:
    with pytest.raises(ValueError, match="cron"):
        check_cron(cron)
