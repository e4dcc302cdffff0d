"""What counts as a return to an earlier version, and the hold that the comment offers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.rollback import returns
from gitops_action.core.gates.verdict import Verdict
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import parse_reference
from gitops_action.core.report.gate import GateReport, gate_context_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def image(version: str) -> str:
    return f"ghcr.io/acme/web:v{version}@sha256:{version * 64}"


def move(before: str, after: str) -> ImageMove:
    return ImageMove(
        application="web",
        before=parse_reference(image(before)),
        after=parse_reference(image(after)),
    )


def record(number: int, version: str, result: Result = Result.SUCCEEDED, **more: Any) -> Any:
    values: dict[str, Any] = {
        "number": number,
        "environment": "production",
        "commit": f"{number:040x}",
        "applications": {"web": (image(version),)},
        "result": result,
        "started": NOW + timedelta(minutes=number),
        "ended": NOW + timedelta(minutes=number, seconds=30),
        **more,
    }
    return EvaluatedRecord(**values)


GOOD, NEWER = record(1, "1"), record(2, "2")


@pytest.mark.parametrize(
    ("records", "is_return"),
    [
        ([GOOD, NEWER], True),
        ([GOOD], True),
        ([GOOD, record(2, "2", Result.FAILED)], True),
        ([NEWER], False),
        ([record(1, "1", Result.FAILED), NEWER], False),
        ([record(1, "1", unproved="forged"), NEWER], False),
        ([record(1, "1", ended=None), NEWER], False),
        ([record(1, "2"), record(2, "1")], False),
        ([record(1, "2"), record(2, "1"), record(3, "2")], False),
        ([GOOD, NEWER, record(3, "1"), record(4, "2")], True),
    ],
)
def test_only_what_was_verified_before_is_a_return(
    records: list[EvaluatedRecord], *, is_return: bool
) -> None:
    assert returns([move("2", "1")], records) is is_return


def test_each_image_has_to_be_a_return() -> None:
    assert not returns([move("2", "1"), move("2", "3")], [GOOD, NEWER])
    assert returns([move("2", "1"), move("1", "1")], [GOOD, NEWER])


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("goes_back", [True, False])
def test_the_comment_offers_to_hold_what_is_replaced_and_never_what_comes_back(
    *, goes_back: bool, held: bool
) -> None:
    verdict = Verdict(environment="production", word="ready", text="ready", results=())
    report = GateReport(
        number=1,
        verdict=verdict,
        environments=(verdict,),
        plan="foreign",
        goes_back=goes_back,
        unheld={"production": (move("2", "1"),)} if goes_back and not held else {},
        now=NOW,
    )
    commands = gate_context_of(report)["commands"]
    assert isinstance(commands, list)
    offered = {
        (True, False): ["/gitops hold production web@v2 because …"],
        (True, True): [],
    }.get((goes_back, held), ["/gitops hold because …"])
    assert commands == ["/gitops merge", *offered]
