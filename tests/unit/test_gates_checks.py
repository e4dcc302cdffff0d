"""Required checks: the newest of each App, pinned or not, check runs and statuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.config.resolved import RequiredCheck
from gitops_action.core.gates import checks, validation
from gitops_action.core.gates.checks import CheckFacts, CheckReport
from gitops_action.core.gates.validation import ValidationFacts

ANY = RequiredCheck(name="ci/smoke")
PINNED = RequiredCheck(name="ci/smoke", app=15368)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def report(conclusion: str, minute: int = 0, **more: Any) -> CheckReport:
    values: dict[str, Any] = {
        "name": "ci/smoke",
        "conclusion": conclusion,
        "app": 15368,
        "number": minute,
        "started": NOON + timedelta(minutes=minute),
        **more,
    }
    return CheckReport(**values)


STATUS: dict[str, Any] = {"kind": "status", "app": None}

TABLE: list[Any] = [
    pytest.param(ANY, [], "wait", "check-missing", id="none"),
    pytest.param(ANY, [report("success", name="ci/other")], "wait", "check-missing", id="other"),
    pytest.param(ANY, [report("success")], "pass", "checks-succeeded", id="success"),
    pytest.param(ANY, [report("SUCCESS")], "pass", "checks-succeeded", id="as GraphQL writes it"),
    pytest.param(ANY, [report("neutral")], "pass", "checks-succeeded", id="neutral"),
    pytest.param(ANY, [report("skipped")], "pass", "checks-succeeded", id="skipped"),
    pytest.param(ANY, [report("")], "wait", "check-pending", id="running"),
    pytest.param(ANY, [report("failure")], "refuse", "check-failed", id="failure"),
    pytest.param(ANY, [report("error", **STATUS)], "refuse", "check-failed", id="status error"),
    pytest.param(ANY, [report("cancelled")], "refuse", "check-failed", id="cancelled"),
    pytest.param(ANY, [report("invented")], "refuse", "check-failed", id="not known"),
    pytest.param(ANY, [report("success", **STATUS)], "pass", "checks-succeeded", id="a status"),
    pytest.param(
        ANY, [report("failure"), report("success", 1)], "pass", "checks-succeeded", id="again"
    ),
    pytest.param(
        ANY, [report("success", 1), report("failure", 2)], "refuse", "check-failed", id="newest"
    ),
    pytest.param(
        ANY, [report("success", 2), report("failure", 1)], "pass", "checks-succeeded", id="order"
    ),
    pytest.param(ANY, [report("success"), report("", 1)], "wait", "check-pending", id="re-run"),
    pytest.param(
        ANY,
        [report("failure"), report("success", 1, app=7)],
        "refuse",
        "check-failed",
        id="another App speaks for nobody else",
    ),
    pytest.param(
        ANY,
        [report("failure"), report("success", 1, **STATUS)],
        "refuse",
        "check-failed",
        id="a status does not replace a check run",
    ),
    pytest.param(PINNED, [report("success")], "pass", "checks-succeeded", id="the pinned App"),
    pytest.param(PINNED, [report("success", app=7)], "wait", "check-missing", id="not pinned"),
    pytest.param(
        PINNED, [report("success", **STATUS)], "wait", "check-missing", id="a status of anyone"
    ),
    pytest.param(
        PINNED,
        [report("success"), report("failure", 1, app=7)],
        "pass",
        "checks-succeeded",
        id="only the pinned App counts",
    ),
]


@pytest.mark.parametrize(("required", "reports", "word", "code"), TABLE)
def test_a_required_check(
    required: RequiredCheck, reports: list[CheckReport], word: str, code: str
) -> None:
    result = checks.evaluate("production", (required,), CheckFacts(reports=tuple(reports)))
    assert result is not None
    assert (result.word, result.code) == (word, code)


def test_the_worst_of_several_checks_is_named_first() -> None:
    required = (ANY, RequiredCheck(name="ci/scan", app=7), RequiredCheck(name="ci/gone"))
    facts = CheckFacts(reports=(report("success"), report("failure", name="ci/scan", app=7)))
    result = checks.evaluate("production", required, facts)
    assert result is not None
    assert result.reason == "check ci/scan (App 7) failed"
    assert result.found == "`ci/smoke` succeeded, `ci/scan (App 7)` failed, `ci/gone` missing"


def test_several_that_wait_are_counted() -> None:
    result = checks.evaluate("production", (ANY, RequiredCheck(name="ci/scan")), CheckFacts())
    assert result is not None
    assert result.reason == "check ci/smoke and 1 more has not reported"


def test_checks_that_are_not_readable_are_unknown() -> None:
    result = checks.evaluate("production", (ANY,), CheckFacts(unread="rights are missing"))
    assert result is not None
    assert (result.word, result.code) == ("unknown", "checks-unreadable")


def test_without_checks_there_is_no_gate() -> None:
    assert checks.evaluate("production", (), CheckFacts()) is None


# The gate `validate`.

VALIDATION: list[Any] = [
    pytest.param(ValidationFacts(), "pass", "valid", "valid", id="valid"),
    pytest.param(ValidationFacts(errors=("a",)), "refuse", "invalid", "a", id="one error"),
    pytest.param(
        ValidationFacts(errors=("a", "b")), "refuse", "invalid", "2 errors: a", id="errors"
    ),
    pytest.param(
        ValidationFacts(unread="no helm"),
        "unknown",
        "validation-unknown",
        "the change could not be validated: no helm",
        id="unknown",
    ),
    pytest.param(
        ValidationFacts(errors=("a",), unread="x"),
        "refuse",
        "invalid",
        "a",
        id="an error is certain, whatever is unknown beside it",
    ),
    pytest.param(
        ValidationFacts(errors=("a",), conflicts=("x.yaml", "y.yaml")),
        "refuse",
        "merge-conflict",
        "x.yaml and 1 more cannot be merged into the base",
        id="conflict",
    ),
]


@pytest.mark.parametrize(("facts", "word", "code", "reason"), VALIDATION)
def test_validation(facts: ValidationFacts, word: str, code: str, reason: str) -> None:
    result = validation.evaluate("production", facts)
    assert (result.word, result.code, result.reason) == (word, code, reason)
