"""Which state an environment goes back to, and whether it does so by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.config import Application, Config, Environment, Hold
from gitops_action.core.config.resolved import Rollback
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.images import parse_reference
from gitops_action.core.rollback.automatic import FailedEnvironment, decide, mode_of
from gitops_action.core.rollback.candidates import (
    DescribedImages,
    Search,
    is_return,
    is_version,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
WEB = "ghcr.io/acme/web"
PRODUCTION = Environment(name="production", path="p", rollback=Rollback(mode="auto"))


def image(version: str) -> str:
    return f"{WEB}:v{version}@sha256:{version * 64}"


def state(version: str, repository: str = WEB) -> DescribedImages:
    return {("web", repository): (parse_reference(image(version)),)}


def record(number: int, version: str, result: Result = Result.SUCCEEDED, **more: Any) -> Any:
    values: dict[str, Any] = {
        "number": number,
        "environment": "production",
        "commit": f"{number:040x}",
        "applications": {"web": (image(version),)},
        "result": result,
        "started": NOW + timedelta(minutes=number),
        "ended": NOW + timedelta(minutes=number, seconds=30),
        "run": number,
        **more,
    }
    return EvaluatedRecord(**values)


def content(records: list[EvaluatedRecord], other: Mapping[int, str] | None = None) -> Any:
    """Each record's commit describes what the record names, unless `other` says otherwise."""
    known = {
        one.commit: (other or {}).get(one.number, one.applications["web"][0].partition(":v")[2][0])
        for one in records
    }
    return lambda commit: state(known[commit]) if commit in known else None


def found(
    records: list[EvaluatedRecord], now: str = "3", gone: str = "", **more: Any
) -> list[tuple[str, str]]:
    """The version and the refusal of each candidate."""
    values: dict[str, Any] = {
        "environment": "production",
        "records": records,
        "now": state(now),
        "holds": (),
        "at": NOW,
        "content": content(records),
        "missing": lambda one: one.tag == f"v{gone}",
        **more,
    }
    return [
        (one.moves[0].then.tag or "" if one.moves else "", one.refused)
        for one in Search(**values).candidates()
    ]


def test_the_newest_verified_state_comes_first_and_the_state_of_now_never() -> None:
    records = [record(1, "1"), record(2, "2"), record(3, "2"), record(4, "3", Result.FAILED)]
    assert found(records) == [("v2", ""), ("v1", "")]
    assert found(records, now="2") == [("v1", "")]


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNKNOWN, Result.SUPERSEDED])
def test_only_a_success_verifies(result: Result) -> None:
    assert found([record(1, "1", result)]) == []


def test_what_is_passed_over_says_why() -> None:
    hold = Hold(environment="production", image=parse_reference(image("2")), reason="leaks")
    records = [record(1, "1", unproved="its run is gone"), record(2, "2"), record(5, "4")]
    assert found(records, holds=(hold,), gone="4") == [
        ("v4", f"{image('4')} is not in the registry any more"),
        ("v2", f"{image('2')} is on hold: leaks"),
        ("v1", "unverified: its run is gone"),
    ]


def test_the_commit_s_content_decides_and_not_what_a_record_names() -> None:
    records = [record(1, "1")]
    forged = content(records, {1: "9"})
    ((version, refused),) = found(records, content=forged)
    assert version == "v9"
    assert refused == f"its record does not name {image('9')}"


def test_an_application_that_had_another_name_is_found_by_its_repository() -> None:
    then = {("frontend", WEB): state("1")["web", WEB]}
    assert found([record(1, "1")], content=lambda _commit: then) == [("v1", "")]
    two = {**then, ("other", WEB): state("2")["web", WEB]}
    ((_, refused),) = found([record(1, "1")], content=lambda _commit: two)
    assert "does not describe" in refused


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("v1", True),
        ("1", False),
        (f"sha256:{'1' * 64}", True),
        ("1" * 12, True),
        ("1" * 11, False),
        ("v2", False),
    ],
)
def test_a_version_is_named_by_tag_or_digest(text: str, *, means: bool) -> None:
    assert is_version(parse_reference(image("1")), text) is means


def test_a_state_that_was_left_and_came_back_is_a_return() -> None:
    records = [record(1, "1"), record(2, "2", Result.FAILED), record(3, "1")]
    assert is_return(records, state("1"), content(records))
    assert not is_return(records[:2], state("2"), content(records))
    again = [record(1, "1"), record(2, "1")]
    assert not is_return(again, state("1"), content(again))


def decided(records: list[EvaluatedRecord], now: str = "2", **more: Any) -> str:
    values: dict[str, Any] = {
        "environment": PRODUCTION,
        "config": Config(environments=(PRODUCTION,)),
        "records": records,
        "now": state(now),
        "content": content(records),
        "held": lambda _keys: False,
        **more,
    }
    return decide(FailedEnvironment(**values)).code


GOOD, FAILED = record(1, "1"), record(2, "2", Result.FAILED)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([GOOD, FAILED], "go-back"),
        ([GOOD], "no-failure"),
        ([], "no-failure"),
        ([GOOD, record(2, "2", Result.UNKNOWN)], "no-failure"),
        ([GOOD, record(2, "2", Result.FAILED, unproved="forged")], "no-failure"),
        ([GOOD, record(2, "2", Result.FAILED, destroyed=True)], "no-failure"),
        ([GOOD, FAILED, record(3, "2", Result.UNKNOWN, ended=None)], "newer-running"),
        ([GOOD, FAILED, record(3, "2", Result.UNKNOWN, ended=None, run=0)], "go-back"),
        ([GOOD, FAILED, record(3, "2", unproved="forged")], "go-back"),
        ([record(0, "2", Result.UNKNOWN, ended=None, run=9), GOOD, FAILED], "go-back"),
        ([FAILED], "first-deployment"),
        ([GOOD, record(2, "1", Result.FAILED)], "configuration-only"),
        ([record(0, "2"), GOOD, FAILED], "own-failure"),
        ([GOOD, record(2, "3", Result.FAILED), record(3, "1", Result.FAILED)], "own-failure"),
        (
            [
                GOOD,
                record(2, "3", Result.FAILED),
                record(3, "1"),
                record(4, "1", Result.FAILED),
            ],
            "configuration-only",
        ),
        ([GOOD, FAILED, record(3, "2", Result.FAILED)], "go-back"),
    ],
)
def test_when_it_goes_back_by_itself(records: list[EvaluatedRecord], code: str) -> None:
    assert decided(records, now="1" if code == "configuration-only" else "2") == code


@pytest.mark.parametrize("unread", [GOOD, FAILED])
def test_a_commit_that_cannot_be_read_is_no_cause(unread: EvaluatedRecord) -> None:
    both = [GOOD, FAILED]
    known = content([one for one in both if one is not unread])
    assert decided(both, content=known) == "configuration-only"


def test_what_else_stops_it() -> None:
    both = [GOOD, FAILED]
    assert decided(both, now="3") == "base-moved"
    assert decided(both, held=lambda _keys: True) == "rolled-back-before"
    assert decided(both, unreadable=("x.yaml",)) == "holds-unreadable"
    off = Config(
        environments=(PRODUCTION,), applications=(Application(name="web", rollback="off"),)
    )
    assert decided(both, config=off) == "off"


@pytest.mark.parametrize(
    ("environment", "application", "mode"),
    [
        ("auto", None, "auto"),
        ("auto", "propose", "propose"),
        ("propose", "auto", "propose"),
        ("off", "auto", "off"),
        ("auto", "off", "off"),
    ],
)
def test_the_stricter_mode_applies(environment: Any, application: Any, mode: str) -> None:
    configured = Config(
        environments=(), applications=(Application(name="web", rollback=application),)
    )
    there = Environment(name="production", rollback=Rollback(mode=environment))
    assert mode_of(there, configured, ["web"])[0] == mode
