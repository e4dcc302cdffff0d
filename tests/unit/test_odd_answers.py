"""Answers that no honest server gives are ordinary errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.github.errors import RequestFailure
from gitops_action.core.answers import LONGEST_DELAY, delay_seconds, epoch_seconds, parse_json

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("000000000000000120", 120.0),
        ("9" * 30, LONGEST_DELAY),
        ("9" * 5000, LONGEST_DELAY),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1e9", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_delays(text: str, seconds: float | None) -> None:
    assert delay_seconds(text) == seconds


def test_moments() -> None:
    assert epoch_seconds("1790000000") == 1790000000.0
    assert epoch_seconds("9" * 25) is None
    assert epoch_seconds("²") is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_limited_answer_has_a_pause(after: str, reset: str) -> None:
    headers = {"retry-after": after, "x-ratelimit-reset": reset, "x-ratelimit-remaining": "0"}
    failure = RequestFailure(status=429, message="", headers=headers)
    pause = failure.pause(NOW)
    assert pause is None or 0 <= pause <= LONGEST_DELAY + 1


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 200_000])
def test_json_nested_without_end_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        parse_json(text)
