"""What people decided: recorded by the gate's own App, for one change, by who may today."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.resolved import Override
from gitops_action.core.gates.decisions import (
    Decision,
    RecordedComment,
    merging,
    overrides_of,
    read_decisions,
    rollback_requests,
    write_decision,
)

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
APP = "gitops-gate[bot]"
HASH, OTHER = "9b" * 32, "3f" * 32
ONCALL = Override(teams=("acme/oncall",))
TEAMS = {"acme/oncall": frozenset({"Bob"})}
OVERRIDE = Decision(
    kind="override",
    login="bob",
    person=7,
    at=NOON,
    environment="production",
    gate="soak",
    change=HASH,
    reason="the fix cannot wait",
    url="https://github.com/acme/environment/pull/7#issuecomment-1",
)


def comment(decision: Decision = OVERRIDE, minute: int = 0, **more: Any) -> RecordedComment:
    values: dict[str, Any] = {
        "author": APP,
        "body": write_decision(decision),
        "created": NOON + timedelta(minutes=minute),
        **more,
    }
    return RecordedComment(**values)


def test_what_is_written_reads_back() -> None:
    assert read_decisions([comment()], APP) == (OVERRIDE,)


def test_a_record_is_readable_for_people() -> None:
    hidden, shown = write_decision(OVERRIDE).splitlines()
    assert hidden.startswith("<!-- ")
    assert shown == (
        "`bob` overrides the gate soak of `production` for the change `9b9b9b9b9b9b`:"
        " the fix cannot wait"
    )


@pytest.mark.parametrize(
    "other",
    [
        comment(author="bob"),
        comment(author="gitops-gate"),
        comment(editor="bob"),
        comment(body=f"> {write_decision(OVERRIDE)}"),
        comment(body=write_decision(OVERRIDE).replace("v1", "v2")),
        comment(body=write_decision(OVERRIDE).replace('"soak"', '"all"')),
        comment(body=write_decision(OVERRIDE).replace('"override"', '"allow"')),
        comment(body=write_decision(OVERRIDE).replace('"person": 7', '"person": "7"')),
        comment(body=write_decision(OVERRIDE).replace("+00:00", "")),
        comment(body=write_decision(OVERRIDE).replace('"login": "bob"', '"login": ""')),
        comment(body="<!-- gitops-action: decision v1 [[[ -->\n"),
        comment(body=""),
    ],
    ids=range(12),
)
def test_what_is_no_record(other: RecordedComment) -> None:
    assert read_decisions([other], APP) == ()


def test_our_own_edit_is_ours() -> None:
    assert read_decisions([comment(editor=APP)], APP) == (OVERRIDE,)


@given(
    st.builds(
        Decision,
        kind=st.sampled_from(["override", "merge", "merge-off", "rollback"]),
        login=st.text(min_size=1),
        person=st.integers(1),
        at=st.datetimes(timezones=st.just(UTC)),
        environment=st.text(),
        gate=st.sampled_from([None, "soak", "approvals"]),
        change=st.sampled_from(["", HASH]),
        images=st.lists(st.text(), max_size=2).map(tuple),
        reason=st.text(),
        url=st.text(),
    )
)
def test_no_text_of_a_person_ends_the_record_or_makes_another(decision: Decision) -> None:
    body = write_decision(decision)
    assert read_decisions([comment(body=body)], APP) == (decision,)
    assert body.count("-->") == 1
    assert body.count("<!--") == 1


# Overrides.


def overridden(*decisions: Decision, change: str = HASH, rule: Override = ONCALL) -> set[str]:
    return set(overrides_of(decisions, "production", change, rule, TEAMS).gates)


def void(*decisions: Decision, rule: Override = ONCALL, **more: Any) -> list[str]:
    values: dict[str, Any] = {"change": HASH, "teams": TEAMS, **more}
    found = overrides_of(decisions, "production", rule=rule, **values)
    assert not found.gates
    return list(found.void)


def test_an_override_by_a_member_for_this_change() -> None:
    found = overrides_of([OVERRIDE], "production", HASH, ONCALL, TEAMS)
    assert (found.gates, found.by, found.void) == ({"soak"}, {"soak": "bob"}, ())


def test_a_user_may_override_too() -> None:
    assert overridden(OVERRIDE, rule=Override(users=("BOB",))) == {"soak"}


PREFIX = "the override of soak by `bob` is void: "


def test_an_override_ends_with_its_change() -> None:
    assert void(OVERRIDE, change=OTHER) == [f"{PREFIX}it is for the change 9b9b9b9b9b9b"]
    short = replace(OVERRIDE, change=HASH[:12])
    assert void(short, change=HASH[:12]) == [f"{PREFIX}it is for the change 9b9b9b9b9b9b"]
    assert void(replace(OVERRIDE, change=""), change="") == [f"{PREFIX}it is for the change (none)"]


def test_who_may_not_override() -> None:
    eve = replace(OVERRIDE, login="eve")
    assert void(eve) == ["the override of soak by `eve` is void: not in acme/oncall"]
    assert void(OVERRIDE, rule=Override()) == [
        f"{PREFIX}nobody may override here: the configuration has no `override`"
    ]
    assert void(OVERRIDE, teams={}) == [f"{PREFIX}team acme/oncall is not readable"]


@pytest.mark.parametrize("gate", ["validate", "hold"])
def test_what_nobody_may_override(gate: Any) -> None:
    assert void(replace(OVERRIDE, gate=gate)) == [
        f"the override of {gate} by `bob` is void: this gate cannot be overridden"
    ]


def test_an_override_of_another_environment_is_none() -> None:
    assert overridden(replace(OVERRIDE, environment="staging")) == set()
    assert overridden(replace(OVERRIDE, environment="")) == {"soak"}


def test_only_overrides_override() -> None:
    assert overridden(replace(OVERRIDE, kind="merge")) == set()


def test_an_override_that_names_no_gate_is_none() -> None:
    found = overrides_of([replace(OVERRIDE, gate=None)], "production", HASH, ONCALL, TEAMS)
    assert (found.gates, found.void) == (frozenset(), ())


# Merging, and rollbacks.


def test_the_newest_word_on_merging_counts() -> None:
    off = replace(OVERRIDE, kind="merge-off", gate=None)
    on = replace(OVERRIDE, kind="merge", gate=None)
    newest = merging(read_decisions([comment(on, 2), comment(off, 1), comment(minute=3)], APP))
    assert newest == on
    assert merging([OVERRIDE]) is None


def test_rollbacks_that_were_asked_for() -> None:
    asked = replace(OVERRIDE, kind="rollback", gate=None, images=("ghcr.io/acme/web:v1",))
    (request,) = rollback_requests([asked, OVERRIDE], "production")
    assert (request.login, [str(one) for one in request.images], request.at) == (
        "bob",
        ["ghcr.io/acme/web:v1"],
        NOON,
    )
    assert rollback_requests([asked], "staging") == ()
    assert rollback_requests([replace(asked, images=("::",))], "production") == ()
