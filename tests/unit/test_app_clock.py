"""The clock: frozen or not, and pauses that spread out."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from gitops_action.adapters.clock import SystemClock, system_clock
from gitops_action.errors import UsageError


def test_source_date_epoch_freezes_it() -> None:
    clock = system_clock({"SOURCE_DATE_EPOCH": "1767225600"})
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_without_it_time_passes_in_utc() -> None:
    now = system_clock({"SOURCE_DATE_EPOCH": ""}).now()
    assert abs((datetime.now(UTC) - now).total_seconds()) < 5


@pytest.mark.parametrize("text", ["soon", "1.5", "9" * 30])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        system_clock({"SOURCE_DATE_EPOCH": text})


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (7, 10.0), (5000, 10.0)]
)
def test_pauses_grow_up_to_a_limit_and_differ(attempt: int, longest: float) -> None:
    waited: list[float] = []
    clock = SystemClock(random=Random(1), sleep=waited.append)  # noqa: S311 - jitter
    for _ in range(50):
        clock.pause(attempt)
    assert all(longest / 2 <= pause <= longest for pause in waited)
    assert len(set(waited)) > 40
