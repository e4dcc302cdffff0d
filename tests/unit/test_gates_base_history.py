"""Where the base stood at a moment, by pushes or, where GitHub has no record of them, by merges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.gates.base_history import BaseMerge, bases_at, pushes_of_merges
from gitops_action.core.gates.open_pull_request import Push
from gitops_action.core.pull_requests import ABSENT

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def merge(commit: str, parent: str, hours: float) -> BaseMerge:
    return BaseMerge(commit=commit, parent=parent, at=NOON + hours * HOUR)


def push(before: str, after: str, hours: float) -> Push:
    return Push(before=before, after=after, at=NOON + hours * HOUR)


MERGES = (merge("c3", "c2", 3), merge("c2", "c1", 2), merge("c1", "c0", 1))
PUSHES = (push("c2", "c3", 3), push("c1", "c2", 2), push(ABSENT, "c1", 1))


@pytest.mark.parametrize(
    ("hours", "bases"),
    [(4, ("c3",)), (2.5, ("c2",)), (1.5, ("c1",)), (1, ("c1",)), (0.5, ())],
)
def test_the_newest_push_before_the_moment(hours: float, bases: tuple[str, ...]) -> None:
    assert bases_at(PUSHES, NOON + hours * HOUR) == bases


@pytest.mark.parametrize(
    ("after", "bases"), [(timedelta(), ("c2", "c1")), (SECOND, ("c2",)), (-SECOND, ("c1",))]
)
def test_in_the_very_second_of_a_push_both_count(after: timedelta, bases: tuple[str, ...]) -> None:
    assert bases_at(PUSHES, NOON + 2 * HOUR + after) == bases


def test_a_branch_that_was_deleted_and_made_again() -> None:
    pushes = (push(ABSENT, "d1", 3), push("c1", ABSENT, 2), push(ABSENT, "c1", 1))
    assert bases_at(pushes, NOON + 4 * HOUR) == ("d1",)
    assert bases_at(pushes, NOON + 2.5 * HOUR) == ()
    assert bases_at(pushes, NOON + 1.5 * HOUR) == ("c1",)


def test_pushes_that_do_not_reach_back_prove_nothing() -> None:
    assert bases_at(PUSHES[:1], NOON + 3 * HOUR) == ()
    assert bases_at(PUSHES[:1], NOON + 2.5 * HOUR) == ()
    assert bases_at((), NOON) == ()


@pytest.mark.parametrize(
    ("tip", "merges", "known"),
    [
        ("c3", MERGES, ["c3", "c2", "c1"]),
        ("c3", MERGES[::-1], ["c3", "c2", "c1"]),
        # A person pushed: on top of all, or between two merges.
        ("x", MERGES, []),
        ("c3", (merge("c3", "x", 3), *MERGES[1:]), ["c3"]),
        # A merge that is not listed, such as a very old one.
        ("c3", (MERGES[0], MERGES[2]), ["c3"]),
        ("c3", (), []),
    ],
)
def test_merges_prove_the_base_as_far_as_each_follows_another(
    tip: str, merges: tuple[BaseMerge, ...], known: list[str]
) -> None:
    assert [one.after for one in pushes_of_merges(tip, merges)] == known


def test_what_merges_do_not_prove_is_not_known() -> None:
    """In the hour between the push `x` and the merge on it, nobody knows where the base stood."""
    pushes = pushes_of_merges("c3", (merge("c3", "x", 3), *MERGES[1:]))
    assert bases_at(pushes, NOON + 3.5 * HOUR) == ("c3",)
    assert bases_at(pushes, NOON + 2.5 * HOUR) == ()
    assert bases_at(pushes, NOON + 3 * HOUR) == ()
