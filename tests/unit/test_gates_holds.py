"""What holds keep out of a merge: versions, applications, environments, and failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.config.holds import Hold
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.holds import HoldFacts, UnreadableHold, evaluate, failed_here
from gitops_action.core.gates.model import GateResult
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import parse_reference

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW = "ghcr.io/acme/web:v1.2.3@sha256:" + "9b" * 32
OLD = "ghcr.io/acme/web:v1.2.2@sha256:" + "3f" * 32
OTHER_BUILD = "ghcr.io/acme/web:v1.2.3@sha256:" + "00" * 32
MOVE = ImageMove(application="web", before=parse_reference(OLD), after=parse_reference(NEW))


def hold(image: str = "", application: str = "", **more: Any) -> Hold:
    values: dict[str, Any] = {
        "environment": "production",
        "application": application or None,
        "image": parse_reference(image) if image else None,
        **more,
    }
    return Hold(**values)


def judged(*holds: Hold, moves: tuple[ImageMove, ...] = (MOVE,), **more: Any) -> GateResult:
    return evaluate("production", moves, HoldFacts(holds=holds, now=NOW), **more)


FREEZE = hold(reason="Black Friday", until=NOW + HOUR)
PIN = hold(application="web")

TABLE: list[Any] = [
    pytest.param(hold(NEW), "held-version", id="the digest"),
    pytest.param(hold("ghcr.io/acme/web:v1.2.3"), "held-version", id="the tag"),
    pytest.param(hold(OTHER_BUILD), "not-held", id="the same tag with another digest"),
    pytest.param(hold(OLD), "not-held", id="another version"),
    pytest.param(hold(NEW, "web"), "held-version", id="of the application"),
    pytest.param(hold(NEW, "api"), "not-held", id="of another application"),
    pytest.param(PIN, "held-application", id="a pin"),
    pytest.param(hold(application="api"), "not-held", id="a pin of another application"),
    pytest.param(hold(), "frozen", id="a freeze"),
    pytest.param(hold(environment="all"), "frozen", id="a freeze of all environments"),
    pytest.param(hold(environment="staging"), "not-held", id="a freeze of another environment"),
    pytest.param(hold(since=NOW + HOUR), "not-held", id="not yet"),
    pytest.param(hold(since=NOW), "frozen", id="from now on"),
    pytest.param(hold(until=NOW), "not-held", id="ended"),
    pytest.param(hold(until=NOW + HOUR), "frozen", id="not ended"),
    pytest.param(
        hold(NEW.replace("ghcr.io/acme", "mirror.local")), "held-version", id="a mirror's digest"
    ),
]


@pytest.mark.parametrize(("one", "code"), TABLE)
def test_what_a_hold_keeps_out(one: Hold, code: str) -> None:
    result = judged(one)
    assert (result.word, result.code) == ("pass" if code == "not-held" else "refuse", code)


def test_a_freeze_names_its_end_and_its_reason() -> None:
    result = judged(FREEZE)
    assert result.reason == "frozen until 2026-11-28 13:00Z: Black Friday"
    assert result.opens == NOW + HOUR


def test_it_opens_when_every_hold_has_ended() -> None:
    assert judged(FREEZE, hold(NEW, until=NOW + 2 * HOUR)).opens == NOW + 2 * HOUR
    assert judged(FREEZE, hold(NEW)).opens is None


def test_a_change_without_images_passes_pins_and_versions_but_no_freeze() -> None:
    assert judged(PIN, hold(NEW), moves=()).word == "pass"
    assert judged(FREEZE, moves=()).code == "frozen"


def test_a_rollback_passes_a_freeze_and_no_hold_on_its_version() -> None:
    assert judged(FREEZE, rollback=True).word == "pass"
    assert judged(FREEZE, hold(NEW), rollback=True).code == "held-version"
    assert judged(PIN, rollback=True).code == "held-application"


def test_a_hold_that_cannot_be_read_keeps_everything_out_but_rollbacks() -> None:
    broken = UnreadableHold(file=".github/gitops/holds/x.yaml", line=3, problem="no mapping")
    facts = HoldFacts(unreadable=(broken, broken), now=NOW)
    result = evaluate("production", (), facts)
    assert (result.word, result.code) == ("refuse", "hold-unreadable")
    assert result.reason == "a hold cannot be read: .github/gitops/holds/x.yaml:3 and 1 more"
    assert evaluate("production", (MOVE,), facts, rollback=True).word == "pass"


# The newest deployment, where it failed on what is proposed.


def record(start: int, image: str, result: Result, **more: Any) -> EvaluatedRecord:
    values: dict[str, Any] = {
        "number": start,
        "environment": "production",
        "commit": "c" * 40,
        "applications": {"web": (image,)},
        "result": result,
        "started": NOW + timedelta(minutes=start),
        "ended": NOW + timedelta(minutes=start + 1),
        **more,
    }
    return EvaluatedRecord(**values)


GOOD = record(0, OLD, Result.SUCCEEDED)
FAILED = record(5, NEW, Result.FAILED)

FAILURES: list[Any] = [
    pytest.param([GOOD, FAILED], True, id="failed on the digest that it changed"),
    pytest.param([FAILED], True, id="the first ever"),
    pytest.param([FAILED, record(9, OLD, Result.SUCCEEDED)], False, id="a newer record"),
    pytest.param([FAILED, record(9, OLD, Result.UNKNOWN)], False, id="a newer unknown record"),
    pytest.param([GOOD, record(5, NEW, Result.FAILED, unproved="x")], False, id="not proved"),
    pytest.param([FAILED, record(9, NEW, Result.FAILED)], False, id="nothing changed by it"),
    pytest.param([record(5, OTHER_BUILD, Result.FAILED)], False, id="another digest"),
    pytest.param([record(5, NEW, Result.UNKNOWN)], False, id="unknown"),
]


@pytest.mark.parametrize(("records", "held"), FAILURES)
def test_a_failure_on_this_very_digest_counts_as_a_hold(
    records: list[EvaluatedRecord], held: bool
) -> None:
    result = judged(newest=records)
    assert (result.code == "held-by-failure") is held
    assert (failed_here(records, MOVE) is not None) is held
