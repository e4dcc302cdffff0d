"""`simulate`: what if a person approved, or it were another time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.config.holds import Hold
from gitops_action.core.config.resolved import Approvals, Environment, Gates, Window
from gitops_action.core.gates.approvals import ApprovalFacts, ChangeComparison, Review
from gitops_action.core.gates.evaluate import GateFacts, evaluate
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.simulate import Simulation, parse_simulation, simulated
from gitops_action.core.gates.validation import ValidationFacts
from gitops_action.errors import UsageError

SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 12, 1, 12, tzinfo=UTC)
FACTS = GateFacts(
    environment=Environment(
        name="production",
        gates=Gates(
            windows=(Window(effect="deny", cron="0 17 * * FRI", duration=timedelta(hours=63)),),
            approvals=Approvals(count=1),
        ),
    ),
    causes=frozenset({"objects"}),
    now=SATURDAY,
    validation=ValidationFacts(),
    holds=HoldFacts(
        holds=(Hold(environment="production", application=None, image=None, until=TUESDAY),),
        now=SATURDAY,
    ),
    approvals=ApprovalFacts(author="ann", writers={"alice": True, "ann": True, "eve": False}),
)


def closed(text: str, facts: GateFacts = FACTS) -> list[str]:
    results = evaluate(simulated(facts, parse_simulation(text)))
    return [one.gate for one in results if not one.passed]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["hold", "windows", "approvals"]),
        ("approve:alice", ["hold", "windows"]),
        ("at:2026-12-01T12:00Z", ["approvals"]),
        ("approve:alice,at:2026-12-01T12:00Z", []),
        ("approve:ann", ["hold", "windows", "approvals"]),
        ("approve:eve", ["hold", "windows", "approvals"]),
    ],
)
def test_what_would_be(text: str, expected: list[str]) -> None:
    assert closed(text) == expected


def test_an_assumed_approval_is_the_newest_of_that_person() -> None:
    objection = Review(
        number=9,
        login="alice",
        state="changes-requested",
        commit="c",
        submitted=SATURDAY + timedelta(hours=1),
        change=ChangeComparison(kind="same"),
    )
    facts = replace(FACTS, approvals=replace(FACTS.approvals, reviews=(objection,)))
    assert "approvals" in closed("", facts)
    assert "approvals" not in closed("approve:alice", facts)


def test_reading() -> None:
    found = parse_simulation(" approve:alice, approve:bob-2 ,at:2026-11-28T14:00+01:00,")
    assert found.approvals == ("alice", "bob-2")
    assert found.at == datetime(2026, 11, 28, 13, tzinfo=UTC)
    assert found
    assert not parse_simulation("")
    assert parse_simulation("") == Simulation()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("alice", "'alice', which is not understood"),
        ("approve:", "'approve:', which is not understood"),
        ("approve:@alice", "not understood"),
        ("reject:alice", "not understood"),
        ("at:tomorrow", "'tomorrow', which is not a time"),
        ("at:2026-11-28T14:00", "a time without a zone"),
        ("at:2026-11-28T14:00Z,at:2026-11-28T15:00Z", "not understood"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, cause: str) -> None:
    with pytest.raises(UsageError, match=cause):
        parse_simulation(text)
