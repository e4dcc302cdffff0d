"""All gates of an environment: which are asked of which change, and who decides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_action.core.config.holds import Hold
from gitops_action.core.config.resolved import (
    Approvals,
    Environment,
    Gates,
    HttpGate,
    Provenance,
    RequiredCheck,
    Rollback,
    Window,
)
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.approvals import ApprovalFacts, ChangeComparison, Review
from gitops_action.core.gates.checks import CheckFacts, CheckReport
from gitops_action.core.gates.codes import REASONS
from gitops_action.core.gates.evaluate import GATES, OVERRIDABLE, GateFacts, evaluate, scope_of
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.http import HttpAnswer, HttpFacts
from gitops_action.core.gates.model import GateResult
from gitops_action.core.gates.provenance import ProvenanceFacts
from gitops_action.core.gates.rollback import (
    SKIPPED,
    RollbackCause,
    RollbackRequest,
    approvals_of_rollback,
    rollback_cause,
)
from gitops_action.core.gates.validation import ValidationFacts
from gitops_action.core.gates.verdict import environment_verdict
from gitops_action.core.gates.versions import ImageMove, Predecessor
from gitops_action.core.images import parse_reference

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEW = "ghcr.io/acme/web:v1.2.3@sha256:" + "9b" * 32
OLD = "ghcr.io/acme/web:v1.2.2@sha256:" + "3f" * 32
OLDER = "ghcr.io/acme/web:v1.2.1@sha256:" + "11" * 32
MOVE = ImageMove(application="web", before=parse_reference(OLD), after=parse_reference(NEW))
BACK = ImageMove(application="web", before=parse_reference(NEW), after=parse_reference(OLD))
PRODUCTION = Environment(
    name="production",
    path="environments/production",
    after=("staging",),
    gates=Gates(
        soak=HOUR,
        windows=(Window(effect="deny", cron="0 17 * * FRI", duration=63 * HOUR),),
        approvals=Approvals(count=1),
        checks=(RequiredCheck(name="ci/smoke"),),
        http=(HttpGate(url="https://status.acme.dev/", expect="response.status == 200"),),
        provenance=Provenance(workflow="acme/web/.github/workflows/release.yml"),
    ),
    rollback=Rollback(mode="auto", approvals=0),
)
TUESDAY = datetime(2026, 12, 1, 12, tzinfo=UTC)


def record(image: str = NEW, result: Result = Result.SUCCEEDED, **more: Any) -> EvaluatedRecord:
    values: dict[str, Any] = {
        "number": 1,
        "environment": "staging",
        "commit": "c" * 40,
        "applications": {"web": (image,)},
        "targets": {"default": result},
        "result": result,
        "started": TUESDAY - 3 * HOUR,
        "ended": TUESDAY - 2 * HOUR,
        **more,
    }
    return EvaluatedRecord(**values)


def approval(login: str = "alice", kind: Any = "same") -> Review:
    return Review(
        number=1,
        login=login,
        state="approved",
        commit="h" * 40,
        submitted=NOW,
        change=ChangeComparison(kind=kind, objects=1),
    )


APPROVED = ApprovalFacts(
    author="ann", reviews=(approval(),), writers={"alice": True, "ann": True, "bob": True}
)
OPEN = GateFacts(
    environment=PRODUCTION,
    causes=frozenset({"objects", "inputs"}),
    moves=(MOVE,),
    now=TUESDAY,
    validation=ValidationFacts(),
    holds=HoldFacts(now=TUESDAY),
    predecessors=(
        Predecessor(environment="staging", applications=frozenset({"web"}), records=(record(),)),
    ),
    approvals=APPROVED,
    checks=CheckFacts(reports=(CheckReport(name="ci/smoke", conclusion="success"),)),
    http=HttpFacts(answers={"https://status.acme.dev/": HttpAnswer(status=200)}),
    provenance=ProvenanceFacts(known=frozenset({"sha256:" + "9b" * 32})),
)
FREEZE = Hold(environment="production", application=None, image=None)

CLOSED: dict[str, GateFacts] = {
    "validate": replace(OPEN, validation=ValidationFacts(errors=("no such field",))),
    "hold": replace(OPEN, holds=HoldFacts(holds=(FREEZE,), now=TUESDAY)),
    "after": replace(OPEN, predecessors=(replace(OPEN.predecessors[0], records=()),)),
    "soak": replace(
        OPEN,
        predecessors=(replace(OPEN.predecessors[0], records=(record(ended=TUESDAY - HOUR / 2),)),),
    ),
    "windows": replace(OPEN, now=datetime(2026, 12, 5, 12, tzinfo=UTC)),
    "approvals": replace(OPEN, approvals=replace(APPROVED, reviews=())),
    "checks": replace(OPEN, checks=CheckFacts()),
    "http": replace(OPEN, http=HttpFacts()),
    "provenance": replace(OPEN, provenance=ProvenanceFacts()),
}


def closed(results: Iterable[GateResult]) -> set[str]:
    return {one.gate for one in results if not one.passed}


def test_every_gate_is_asked_in_the_order_in_which_it_is_shown() -> None:
    results = evaluate(OPEN)
    assert [one.gate for one in results] == list(GATES)
    assert closed(results) == set()
    assert environment_verdict("production", results).text == "ready: 9 of 9 gates"


@pytest.mark.parametrize("gate", CLOSED)
def test_each_gate_alone_keeps_the_change_from_merging(gate: str) -> None:
    found = closed(evaluate(CLOSED[gate]))
    assert gate in found
    assert found - {gate} <= ({"soak"} if gate == "after" else set())
    assert environment_verdict("production", evaluate(CLOSED[gate])).state != "success"


def test_a_version_that_failed_here_is_held() -> None:
    failed = record(result=Result.FAILED, environment="production")
    results = evaluate(replace(OPEN, records=(failed,)))
    assert [one.code for one in results if not one.passed] == ["held-by-failure"]


def test_every_gate_has_a_case_here() -> None:
    assert set(CLOSED) == set(GATES)


def test_an_environment_without_gates_has_validate_and_hold() -> None:
    bare = replace(OPEN, environment=Environment(name="staging"), predecessors=())
    assert [one.gate for one in evaluate(bare)] == ["validate", "hold"]


@pytest.mark.parametrize("gate", CLOSED)
def test_what_can_be_overridden(gate: Any) -> None:
    facts = replace(CLOSED[gate], overridden=frozenset({gate, "soak"}))
    found = evaluate(facts)
    assert (gate in closed(found)) is (gate in {"validate", "hold"})
    assert {one.gate for one in found if one.overridden} <= OVERRIDABLE
    assert not any(one.overridden and one.word == "pass" for one in found)


def test_an_override_of_one_gate_opens_no_other() -> None:
    facts = replace(CLOSED["approvals"], overridden=frozenset({"soak", "checks"}))
    assert closed(evaluate(facts)) == {"approvals"}


# What a pull request does to an environment.

SCOPES: list[Any] = [
    ({"objects"}, False, "change"),
    ({"workflows"}, False, "change"),
    ({"configuration", "hold-added"}, False, "change"),
    ({"hold-added"}, False, "hold"),
    ({"hold-removed"}, False, "unhold"),
    ({"hold-added", "hold-removed"}, False, "unhold"),
    ({"objects", "hold-added"}, True, "rollback"),
    (set(), False, "change"),
]


@pytest.mark.parametrize(("causes", "rollback", "scope"), SCOPES)
def test_the_scope(causes: set[Any], rollback: bool, scope: str) -> None:
    assert scope_of(frozenset(causes), rollback=rollback) == scope


def test_adding_a_hold_needs_no_gate_and_removing_one_the_approvals() -> None:
    shut = replace(CLOSED["approvals"], holds=CLOSED["hold"].holds, moves=())
    added = evaluate(replace(shut, causes=frozenset({"hold-added"})))
    assert [one.gate for one in added] == ["validate"]
    removed = evaluate(replace(shut, causes=frozenset({"hold-removed"})))
    assert [(one.gate, one.word) for one in removed] == [
        ("validate", "pass"),
        ("approvals", "wait"),
    ]


# Rollbacks.

FAILED = record(NEW, Result.FAILED, environment="production", url="https://github.com/x")
GOOD = record(OLD, number=0, started=NOW, ended=NOW, environment="production")
CAUSE = RollbackCause(kind="failed-deployment")


def rolling(**more: Any) -> GateFacts:
    return replace(OPEN, moves=(BACK,), rollback=CAUSE, **more)


@pytest.mark.parametrize("gate", CLOSED)
def test_which_gates_a_rollback_with_a_cause_passes(gate: str) -> None:
    facts = replace(CLOSED[gate], moves=(BACK,), rollback=CAUSE)
    passes = gate in SKIPPED or gate in {"hold", "approvals"}  # a freeze, and 0 approvals
    assert (closed(evaluate(facts)) == set()) is passes


def test_a_rollback_needs_the_approvals_that_it_is_configured_with() -> None:
    careful = replace(PRODUCTION, rollback=Rollback(mode="auto", approvals=2))
    facts = rolling(environment=careful)
    (result,) = (one for one in evaluate(facts) if one.gate == "approvals")
    assert (result.word, result.reason) == ("wait", "1 of 2 approvals")
    assert approvals_of_rollback(careful) == replace(Approvals(count=2))


def test_who_counts_for_a_rollback_stays_and_who_asked_does_not() -> None:
    gates = Gates(approvals=Approvals(count=9, users=("alice", "bob"), not_by=("pushers",)))
    careful = replace(PRODUCTION, gates=gates, rollback=Rollback(approvals=1))
    assert approvals_of_rollback(careful) == Approvals(
        count=1, users=("alice", "bob"), not_by=("pushers",)
    )
    asked = rolling(environment=careful, approvals=replace(APPROVED, asked_by="alice"))
    assert closed(evaluate(asked)) == {"approvals"}


def test_a_rollback_to_a_version_on_hold_is_held() -> None:
    hold = Hold(environment="production", application="web", image=parse_reference(OLD))
    facts = rolling(holds=HoldFacts(holds=(hold,), now=TUESDAY))
    assert closed(evaluate(facts)) == {"hold"}


CAUSES: list[Any] = [
    pytest.param([BACK], [GOOD, FAILED], True, id="the newest deployment failed on it"),
    pytest.param([BACK], [GOOD], False, id="nothing failed"),
    pytest.param([BACK], [], False, id="nothing was deployed"),
    pytest.param(
        [BACK], [replace(FAILED, result=Result.UNKNOWN)], False, id="unknown is no failure"
    ),
    pytest.param([BACK], [replace(FAILED, unproved="x")], False, id="not proved"),
    pytest.param(
        [BACK], [FAILED, record(number=2, started=TUESDAY, ended=TUESDAY)], False, id="a newer one"
    ),
    pytest.param(
        [BACK],
        [GOOD, FAILED, record(number=2, started=TUESDAY, ended=None)],
        True,
        id="a newer one runs",
    ),
    pytest.param([BACK], [FAILED], False, id="never verified here"),
    pytest.param(
        [replace(BACK, after=parse_reference(OLDER))], [GOOD, FAILED], False, id="another version"
    ),
    pytest.param(
        [BACK], [replace(GOOD, unproved="x"), FAILED], False, id="verified by no proved record"
    ),
    pytest.param([MOVE], [FAILED], False, id="not what is replaced"),
    pytest.param(
        [BACK, replace(BACK, application="api")], [FAILED], False, id="more than what failed"
    ),
    pytest.param([replace(BACK, after=None)], [FAILED], False, id="a removal"),
    pytest.param([replace(BACK, before=None)], [FAILED], False, id="an addition"),
    pytest.param([], [FAILED], False, id="no image changes"),
    pytest.param(
        [BACK], [GOOD, replace(FAILED, result=Result.UNKNOWN)], False, id="unknown, and verified"
    ),
    pytest.param(
        [replace(BACK, before=parse_reference(OLDER))],
        [GOOD, FAILED],
        False,
        id="another image failed",
    ),
    pytest.param(
        [BACK], [replace(GOOD, result=Result.UNKNOWN), FAILED], False, id="it ran, not verified"
    ),
]


@pytest.mark.parametrize(("moves", "records", "granted"), CAUSES)
def test_what_grants_a_rollback(
    moves: list[ImageMove], records: list[EvaluatedRecord], granted: bool
) -> None:
    cause = rollback_cause(moves, records)
    assert (cause is not None) is granted
    if cause:
        assert (cause.kind, cause.url) == ("failed-deployment", "https://github.com/x")


def test_a_person_who_asked_for_these_images_is_a_cause() -> None:
    request = RollbackRequest(login="bob", images=(parse_reference(NEW),), at=NOW)
    assert rollback_cause([BACK], [GOOD], [request]) == RollbackCause(kind="person", asked_by="bob")
    assert rollback_cause([MOVE], [GOOD], [request]) is None
    more = [BACK, replace(BACK, application="api", before=parse_reference(OLDER))]
    assert rollback_cause(more, [GOOD], [request]) is None
    other = replace(request, images=(parse_reference(OLDER),))
    assert rollback_cause([BACK], [GOOD], [other]) is None


# Reason codes.


def test_every_reason_code_is_explained_and_used() -> None:
    folder = Path(__file__).parents[2] / "gitops_action" / "core" / "gates"
    text = "\n".join(
        path.read_text("utf-8") for path in folder.glob("*.py") if path.name != "codes.py"
    )
    assert [code for code in REASONS if f'"{code}"' not in text] == []
    assert re.findall(r'code="([^"]+)"', text)
    assert [code for code in re.findall(r'code="([^"]+)"', text) if code not in REASONS] == []


def test_results_carry_codes_of_their_gate() -> None:
    for facts in (OPEN, *CLOSED.values()):
        for one in evaluate(facts):
            assert REASONS[one.code].gate == one.gate
            assert REASONS[one.code].closed is (not one.passed)


def test_a_meaning_and_a_fix_are_sentences() -> None:
    for reason in REASONS.values():
        assert reason.meaning.endswith(".")
        assert not reason.fix or reason.fix.endswith(".")
        assert "|" not in reason.meaning + reason.fix
