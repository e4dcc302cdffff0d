"""What has to have run before, of this digest, on each target, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.holds import Hold
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates import after, soak
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.model import GateResult
from gitops_action.core.gates.versions import ImageMove, Predecessor, UndoneVersion, matches
from gitops_action.core.images import parse_reference

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD, BAD, UNKNOWN = Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN
NEW = "ghcr.io/acme/web:v1.2.3@sha256:" + "9b" * 32
OLD = "ghcr.io/acme/web:v1.2.2@sha256:" + "3f" * 32
TAG = "ghcr.io/acme/web:v1.2.3"
NO_HOLDS = HoldFacts(now=NOON)


def move(image: str = NEW, application: str = "web", before: str = OLD) -> ImageMove:
    return ImageMove(
        application=application, before=parse_reference(before), after=parse_reference(image)
    )


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def record(
    start: int, image: str = NEW, result: Result = GOOD, *, took: int | None = 5, **more: Any
) -> EvaluatedRecord:
    """A deployment of `web` that starts at a minute; `took` None: it runs."""
    values: dict[str, Any] = {
        "number": start + 1000,
        "environment": "staging",
        "commit": "c" * 40,
        "applications": {"web": (image,), "db": ("ghcr.io/acme/db:v7",)},
        "targets": {"default": result} if took is not None else {},
        "result": result,
        "started": minute(start),
        "ended": None if took is None else minute(start + took),
        **more,
    }
    return EvaluatedRecord(**values)


def staging(*records: EvaluatedRecord, **more: Any) -> Predecessor:
    values: dict[str, Any] = {
        "environment": "staging",
        "applications": frozenset({"web", "db"}),
        "records": records,
        **more,
    }
    return Predecessor(**values)


def of_after(*records: EvaluatedRecord, image: str = NEW, **more: Any) -> GateResult:
    result = after.evaluate("production", (move(image),), (staging(*records, **more),), NO_HOLDS)
    assert result is not None
    return result


AFTER: list[Any] = [
    pytest.param([], "wait", "after-missing", id="none"),
    pytest.param([record(0)], "pass", "after-passed", id="success"),
    pytest.param([record(0, OLD)], "wait", "after-missing", id="another digest"),
    pytest.param([record(0, result=BAD)], "refuse", "after-failed", id="failure"),
    pytest.param([record(0, result=UNKNOWN)], "unknown", "after-unknown", id="unknown"),
    pytest.param([record(0, took=None)], "wait", "after-running", id="running"),
    pytest.param([record(0), record(9, result=BAD)], "refuse", "after-failed", id="newest: failed"),
    pytest.param([record(0, result=BAD), record(9)], "pass", "after-passed", id="newest: success"),
    pytest.param([record(9), record(0, result=BAD)], "pass", "after-passed", id="in any order"),
    pytest.param([record(0), record(9, took=None)], "pass", "after-passed", id="finished counts"),
    pytest.param(
        [record(0), record(9, took=None, targets={"default": UNKNOWN})],
        "pass",
        "after-passed",
        id="the result of what runs is unknown yet",
    ),
    pytest.param([record(0), record(9, OLD)], "pass", "after-passed", id="moved on"),
    pytest.param([record(0, unproved="its run is gone")], "wait", "after-missing", id="not proved"),
    pytest.param(
        [record(0), record(9, result=BAD, unproved="x")],
        "pass",
        "after-passed",
        id="a failure that is not proved",
    ),
    pytest.param(
        [record(0), record(9, result=Result.SUPERSEDED)], "pass", "after-passed", id="superseded"
    ),
    pytest.param(
        [record(0, NEW.replace("ghcr.io/acme", "mirror.local"))],
        "pass",
        "after-passed",
        id="a mirror's digest",
    ),
    pytest.param(
        [record(0, "ghcr.io/acme/web:v1.2.3@sha256:" + "00" * 32)],
        "wait",
        "after-missing",
        id="the same tag with another digest",
    ),
    pytest.param([record(0, destroyed=True)], "wait", "after-missing", id="taken down"),
    pytest.param([record(0, TAG)], "wait", "after-not-comparable", id="no digest there"),
]


@pytest.mark.parametrize(("records", "word", "code"), AFTER)
def test_after_by_the_newest_finished_proved_record_of_the_digest(
    records: list[EvaluatedRecord], word: str, code: str
) -> None:
    result = of_after(*records)
    assert (result.word, result.code) == (word, code)


def test_without_digests_tags_are_compared_and_that_is_said() -> None:
    result = of_after(record(0, TAG), image=TAG)
    assert result.word == "pass"
    assert result.reason == (
        "staging, healthy since 2026-11-28 12:05Z (compared by tag: no digest is known)"
    )


def test_every_target_has_to_have_succeeded() -> None:
    both = {"targets": ("eu", "us")}
    here = record(0, targets={"eu": GOOD})
    assert of_after(here, **both).reason == "web v1.2.3 has not run in staging/us"
    failed = record(0, targets={"eu": GOOD, "us": BAD}, result=BAD)
    assert of_after(failed, **both).reason == "web v1.2.3 failed in staging/us"
    assert of_after(here, record(9, targets={"us": GOOD}), **both).word == "pass"


def test_a_change_without_images_passes() -> None:
    for moves in ((), (ImageMove(application="web", before=parse_reference(OLD)),)):
        result = after.evaluate("production", moves, (staging(),), NO_HOLDS)
        assert result is not None
        assert (result.word, result.reason) == ("pass", "no image changes")


def test_an_environment_without_the_application_is_passed_over() -> None:
    earlier = (staging(applications=frozenset({"db"})),)
    result = after.evaluate("production", (move(),), earlier, NO_HOLDS)
    assert result is not None
    assert (result.word, result.reason) == ("pass", "not contained in staging")


def test_without_earlier_environments_there_is_no_gate() -> None:
    assert after.evaluate("staging", (move(),), (), NO_HOLDS) is None


def test_the_worst_image_of_all_environments_decides() -> None:
    qa = staging(record(0), environment="qa")
    result = after.evaluate("production", (move(),), (qa, staging()), NO_HOLDS)
    assert result is not None
    assert (result.word, result.reason) == ("wait", "web v1.2.3 has not run in staging")
    assert result.found == (
        "qa, healthy since 2026-11-28 12:05Z; web v1.2.3 has not run in staging"
    )


def test_deployments_that_are_not_readable_are_unknown() -> None:
    result = of_after(record(0), unread="rights are missing")
    assert (result.word, result.code) == ("unknown", "after-unreadable")


def test_a_version_on_hold_in_an_earlier_environment_does_not_pass() -> None:
    hold = Hold(
        environment="staging", application="web", image=parse_reference(NEW), reason="errors"
    )
    result = after.evaluate(
        "production", (move(),), (staging(record(0)),), HoldFacts(holds=(hold,), now=NOON)
    )
    assert result is not None
    assert (result.word, result.code) == ("refuse", "after-held")
    assert result.reason == "staging holds web v1.2.3: errors"


@pytest.mark.parametrize(("at", "word"), [(30, "refuse"), (4, "pass")])
def test_a_rollback_after_the_success_takes_it_back(at: int, word: str) -> None:
    undone = UndoneVersion(image=parse_reference(NEW), at=minute(at))
    assert of_after(record(0), undone=(undone,)).word == word


def test_a_rollback_of_another_version_does_not() -> None:
    undone = UndoneVersion(image=parse_reference(OLD), at=minute(30))
    assert of_after(record(0), undone=(undone,)).word == "pass"


# Soak: one hour, looked at some minutes after noon; each deployment takes five minutes.


def of_soak(*records: EvaluatedRecord, now: int, **more: Any) -> GateResult:
    result = soak.evaluate("production", HOUR, (move(),), (staging(*records, **more),), minute(now))
    assert result is not None
    return result


RUNNING, REACHED, NEVER, CUT = (
    ("wait", "soak-running"),
    ("pass", "soak-reached"),
    ("wait", "soak-not-started"),
    ("wait", "soak-interrupted"),
)

SOAK: list[Any] = [
    pytest.param([], 90, NEVER, None, id="none"),
    pytest.param([record(0)], 47, RUNNING, 65, id="starts with the success"),
    pytest.param([record(0)], 64, RUNNING, 65, id="a minute too early"),
    pytest.param([record(0)], 65, REACHED, None, id="to the minute"),
    pytest.param([record(0, took=None)], 90, NEVER, None, id="running"),
    pytest.param([record(0), record(30)], 65, REACHED, None, id="the same again continues it"),
    pytest.param([record(0), record(30, took=None)], 65, REACHED, None, id="running again"),
    pytest.param([record(0), record(40, OLD)], 90, CUT, None, id="another version cuts it short"),
    pytest.param(
        [record(0), record(40, OLD, took=None)], 90, CUT, None, id="already when it starts"
    ),
    pytest.param([record(0), record(65, OLD)], 90, REACHED, None, id="reached stays reached"),
    pytest.param([record(0), record(64, OLD)], 90, CUT, None, id="a minute short of it"),
    pytest.param([record(0), record(40, OLD), record(50)], 90, RUNNING, 115, id="it begins again"),
    pytest.param([record(0), record(30, result=BAD)], 90, CUT, None, id="a failure breaks it"),
    pytest.param(
        [record(0), record(30, result=BAD), record(40)],
        90,
        RUNNING,
        105,
        id="after a failure it begins again",
    ),
    pytest.param(
        [record(0), record(70, result=BAD)], 90, REACHED, None, id="reached before the failure"
    ),
    pytest.param([record(0), record(30, result=UNKNOWN)], 90, CUT, None, id="unknown breaks it"),
    pytest.param(
        [record(0), record(30, result=UNKNOWN), record(40)],
        65,
        REACHED,
        None,
        id="a later success mends an unknown",
    ),
    pytest.param(
        [record(0, result=UNKNOWN), record(10)], 30, RUNNING, 75, id="unknown before the success"
    ),
    pytest.param(
        [record(0), record(30, OLD, unproved="x")], 65, REACHED, None, id="not proved: no end"
    ),
    pytest.param([record(0, unproved="x")], 90, NEVER, None, id="not proved: no start"),
    pytest.param([record(0, OLD), record(30)], 40, RUNNING, 95, id="what ran before"),
    pytest.param(
        [record(0), record(30, OLD, result=Result.NOTHING)], 65, REACHED, None, id="nothing done"
    ),
    pytest.param([record(0), record(40, destroyed=True)], 90, CUT, None, id="taken down"),
    pytest.param([record(90)], 80, NEVER, None, id="a record from the future"),
]


@pytest.mark.parametrize(("records", "now", "expected", "opens"), SOAK)
def test_soak(
    records: list[EvaluatedRecord], now: int, expected: tuple[str, str], opens: int | None
) -> None:
    result = of_soak(*records, now=now)
    assert (result.word, result.code) == expected
    assert result.opens == (None if opens is None else minute(opens))


def test_what_a_running_soak_says() -> None:
    result = of_soak(record(0), now=47)
    assert (result.reason, result.found) == ("soak until 2026-11-28 13:05Z", "staging: 42m of 1h")


def test_what_a_soak_that_was_cut_short_says() -> None:
    result = of_soak(record(0), record(40, OLD), now=90)
    assert result.reason == (
        "soak in staging was cut short by another version at 2026-11-28 12:40Z"
    )


def test_the_slowest_target_decides() -> None:
    both = {"targets": ("eu", "us")}
    records = (record(0, targets={"eu": GOOD}), record(20, targets={"us": GOOD}))
    assert of_soak(*records, now=30, **both).opens == minute(85)
    assert of_soak(*records, now=70, **both).opens == minute(85)
    assert of_soak(*records, now=85, **both).word == "pass"
    assert of_soak(records[0], now=90, **both).code == "soak-not-started"


def test_only_what_the_environment_contains_soaks() -> None:
    result = of_soak(now=0, applications=frozenset({"db"}))
    assert (result.word, result.reason) == ("pass", "no image soaks")


def test_without_a_soak_there_is_no_gate() -> None:
    assert soak.evaluate("production", timedelta(0), (move(),), (staging(),), NOON) is None


def test_records_that_are_not_readable_are_unknown() -> None:
    result = of_soak(record(0), now=90, unread="rights are missing")
    assert (result.word, result.code) == ("unknown", "soak-unreadable")


STEPS = st.lists(
    st.tuples(
        st.sampled_from([NEW, OLD]),
        st.sampled_from([GOOD, BAD, UNKNOWN, Result.SUPERSEDED]),
        st.integers(0, 20),
        st.integers(1, 30),
    ),
    max_size=6,
)


def history(steps: list[tuple[str, Result, int, int]]) -> list[EvaluatedRecord]:
    found, at = [], 0
    for image, result, took, pause in steps:
        found.append(record(at, image, result, took=took))
        at += took + pause
    return found


@given(STEPS, st.integers(0, 300))
def test_a_soak_that_was_reached_stays_reached(
    steps: list[tuple[str, Result, int, int]], now: int
) -> None:
    """Looking at the history as it was at any earlier time gives no more than looking at all."""
    records = history(steps)
    then = [one for one in records if one.ended and one.ended <= minute(now)]
    if of_soak(*then, now=now).word == "pass":
        assert of_soak(*records, now=now + 500).word == "pass"


@given(STEPS, st.integers(0, 300))
def test_nothing_soaks_that_was_not_good_for_the_whole_time(
    steps: list[tuple[str, Result, int, int]], now: int
) -> None:
    """Some hour began with a success, and saw no failure and no other version."""
    records = [one for one in history(steps) if one.ended and one.ended <= minute(now)]
    if of_soak(*records, now=now).word != "pass":
        return
    goods = [one.ended for one in records if one.ended and is_new(one) and one.result is GOOD]
    bad = [one.ended for one in records if one.ended and is_new(one) and one.result is BAD]
    bad += [one.started for one in records if not is_new(one)]
    assert any(
        start + HOUR <= minute(now) and not any(start <= end < start + HOUR for end in bad)
        for start in goods
    )


def is_new(one: EvaluatedRecord) -> bool:
    return one.applications["web"] == (NEW,)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (NEW, NEW, "digest"),
        (NEW, NEW.replace("ghcr.io/acme", "mirror.local"), "digest"),
        (NEW, NEW.replace("v1.2.3", "v9"), "digest"),
        (NEW, OLD, "no"),
        (NEW, TAG, "no"),
        (TAG, TAG, "tag"),
        (TAG, "ghcr.io/acme/api:v1.2.3", "no"),
        ("nginx:1", "docker.io/library/nginx:1", "tag"),
        ("nginx", "nginx", "no"),
    ],
)
def test_versions_are_compared_by_digest_and_else_by_tag(
    one: str, other: str, expected: str
) -> None:
    assert matches(parse_reference(one), parse_reference(other)) == expected
    assert matches(parse_reference(other), parse_reference(one)) == expected
