"""The words of `gitops/<environment>` and `gitops/ready`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.gates.model import GateResult, Word, utc
from gitops_action.core.gates.verdict import (
    Verdict,
    blocking,
    environment_verdict,
    listed,
    ready_verdict,
)

SOAK_ENDS = datetime(2026, 11, 28, 14, 5, tzinfo=UTC)


def result(gate: Any, word: Word, reason: str = "", code: str = "", **more: Any) -> GateResult:
    return GateResult(
        gate=gate, environment="production", word=word, reason=reason, code=code, **more
    )


VALID = result("validate", "pass", "valid")
FREE = result("hold", "pass", "no hold")
APPROVALS = result("approvals", "wait", "1 of 2 approvals (acme/sre)", "approvals-missing")
SOAK = result("soak", "wait", "soak until 2026-11-28 14:05Z", "soak-running", opens=SOAK_ENDS)
WINDOW = result(
    "windows",
    "wait",
    "window until 2026-11-30 07:00Z",
    "window-closed",
    opens=datetime(2026, 11, 30, 7, tzinfo=UTC),
)
OBJECTION = result("approvals", "wait", "changes requested by bob", "changes-requested")
MISSING = result("checks", "wait", "check ci/smoke has not reported", "check-missing")
FROZEN = result("hold", "refuse", "frozen until 2026-11-28 14:05Z", "frozen", opens=SOAK_ENDS)
FAILED = result("checks", "refuse", "check ci/smoke failed", "check-failed")
INVALID = result("validate", "refuse", "2 errors: no such field", "invalid")
CONFLICT = result("validate", "refuse", "web.yaml cannot be merged", "merge-conflict")
UNKNOWN = result("approvals", "unknown", "team acme/sre is not readable", "approvals-unknown")

TABLE: list[Any] = [
    pytest.param([VALID, FREE], "success", "ready: 2 of 2 gates", id="ready"),
    pytest.param([VALID], "success", "ready: 1 of 1 gate", id="one gate"),
    pytest.param(
        [VALID, FREE, SOAK, APPROVALS],
        "pending",
        "waiting: 1 of 2 approvals (acme/sre); soak until 2026-11-28 14:05Z",
        id="what no time opens comes first",
    ),
    pytest.param(
        [VALID, SOAK, WINDOW],
        "pending",
        "waiting: window until 2026-11-30 07:00Z; soak until 2026-11-28 14:05Z",
        id="the latest first",
    ),
    pytest.param(
        [VALID, SOAK, WINDOW, OBJECTION],
        "pending",
        "waiting: changes requested by bob; window until 2026-11-30 07:00Z;"
        " soak until 2026-11-28 14:05Z",
        id="a request for changes before all that waits",
    ),
    pytest.param(
        [MISSING, OBJECTION],
        "pending",
        "waiting: changes requested by bob; check ci/smoke has not reported",
        id="a request for changes before what no time opens",
    ),
    pytest.param(
        [FROZEN, APPROVALS],
        "failure",
        "held: frozen until 2026-11-28 14:05Z; 1 of 2 approvals (acme/sre)",
        id="held",
    ),
    pytest.param(
        [APPROVALS, FAILED],
        "failure",
        "refused: check ci/smoke failed; 1 of 2 approvals (acme/sre)",
        id="refused",
    ),
    pytest.param(
        [FROZEN, INVALID],
        "failure",
        "invalid: 2 errors: no such field; frozen until 2026-11-28 14:05Z",
        id="invalid",
    ),
    pytest.param([CONFLICT], "failure", "conflict: web.yaml cannot be merged", id="conflict"),
    pytest.param(
        [UNKNOWN, SOAK],
        "error",
        "unknown: team acme/sre is not readable; soak until 2026-11-28 14:05Z",
        id="unknown",
    ),
    pytest.param(
        [UNKNOWN, FAILED],
        "failure",
        "refused: check ci/smoke failed; team acme/sre is not readable",
        id="failure over error",
    ),
]


@pytest.mark.parametrize(("results", "state", "text"), TABLE)
def test_the_status_of_an_environment(results: list[GateResult], state: str, text: str) -> None:
    verdict = environment_verdict("production", results)
    assert (verdict.state, verdict.text) == (state, text)
    assert verdict.context == "gitops/production"


def test_an_overridden_gate_counts_as_passed() -> None:
    waived = result("soak", "wait", "soak until …", "soak-running", overridden=True)
    assert environment_verdict("production", [VALID, waived]).text == "ready: 2 of 2 gates"


@pytest.mark.parametrize("results", [[VALID], [INVALID]])
def test_a_draft_waits(results: list[GateResult]) -> None:
    verdict = environment_verdict("production", results, draft=True)
    assert (verdict.state, verdict.text) == ("pending", "waiting: draft")
    ready = ready_verdict([verdict], draft=True)
    assert (ready.state, ready.text, ready.context) == ("pending", "waiting: draft", "gitops/ready")


def test_what_does_not_fit_is_counted() -> None:
    many = [
        result("checks", "refuse", f"check number {n} of the pipeline failed") for n in range(9)
    ]
    text = environment_verdict("production", many).text
    assert text == (
        "refused: check number 0 of the pipeline failed; check number 1 of the pipeline failed;"
        " check number 2 of the pipeline failed; 6 more"
    )
    assert len(text) == 132


def test_one_that_is_too_long_is_cut() -> None:
    text = listed("invalid", ["x" * 200, "y"])
    assert len(text) == 140
    assert text.startswith("invalid: xxx")
    assert text.endswith("x…; 1 more")


def verdict(environment: str, *results: GateResult) -> Verdict:
    return environment_verdict(environment, results)


def test_ready_of_no_environment() -> None:
    ready = ready_verdict([])
    assert (ready.state, ready.text) == ("success", "ready: no environment is touched")


def test_ready_of_one_environment_is_its_own() -> None:
    assert ready_verdict([verdict("production", VALID, SOAK)]).text == (
        "waiting: soak until 2026-11-28 14:05Z"
    )


def test_ready_of_several_environments() -> None:
    assert ready_verdict([verdict("a", VALID), verdict("b", VALID)]).text == "ready: 2 environments"
    some = ready_verdict([verdict("a", SOAK), verdict("b", VALID), verdict("c", FROZEN)])
    assert some.state == "failure"
    assert some.text == ("held: c: frozen until 2026-11-28 14:05Z; a: soak until 2026-11-28 14:05Z")


def test_ready_says_how_many_environments_are_not_listed() -> None:
    names = [f"environment-number-{number}" for number in range(5)]
    text = ready_verdict([verdict(name, APPROVALS) for name in names]).text
    assert text == (
        "waiting: environment-number-0: 1 of 2 approvals (acme/sre);"
        " environment-number-1: 1 of 2 approvals (acme/sre); 3 more"
    )


def test_text_of_others_stays_on_one_line() -> None:
    nasty = result("checks", "refuse", "check a\nb\r\n::error::c failed", "check-failed")
    assert environment_verdict("production", [nasty]).text == (
        "refused: check a b ::error::c failed"
    )


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (SOAK_ENDS, "2026-11-28 14:05Z"),
        (SOAK_ENDS.replace(second=1), "2026-11-28 14:06Z"),
        (SOAK_ENDS.replace(microsecond=1), "2026-11-28 14:06Z"),
        (datetime.fromisoformat("2026-11-28T15:05:00+01:00"), "2026-11-28 14:05Z"),
    ],
)
def test_times_are_utc_and_have_come_when_they_are_reached(moment: datetime, text: str) -> None:
    assert utc(moment) == text


EVERY = st.lists(
    st.sampled_from(
        [
            VALID,
            FREE,
            APPROVALS,
            SOAK,
            WINDOW,
            OBJECTION,
            FROZEN,
            FAILED,
            UNKNOWN,
            INVALID,
            CONFLICT,
            result("checks", "refuse", "ß" * 130),
        ]
    ),
    max_size=12,
)


@given(EVERY)
def test_it_is_ready_exactly_when_every_gate_passed(results: list[GateResult]) -> None:
    found = environment_verdict("production", results)
    assert (found.state == "success") == all(one.passed for one in results)
    assert 0 < len(found.text) <= 140
    assert (found.word == "ready") == (found.state == "success")
    assert found.text.startswith(f"{found.word}: ")
    assert set(blocking(results)) == {one for one in results if not one.passed}


@given(st.lists(EVERY, max_size=5))
def test_ready_is_as_bad_as_the_worst(every: list[list[GateResult]]) -> None:
    verdicts = [environment_verdict(f"e{n}", results) for n, results in enumerate(every)]
    ready = ready_verdict(verdicts)
    order = ("success", "pending", "error", "failure")
    assert ready.state == max((one.state for one in verdicts), key=order.index, default="success")
    assert len(ready.text) <= 140
