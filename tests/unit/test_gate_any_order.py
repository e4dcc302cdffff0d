"""Whatever happens in whatever order: nothing merges past a closed gate, and what may merges.

A few orders, in memory; `tests/integration/test_gate_orders.py` tries hundreds, there and on the
GitHub double.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from gitops_action.commands.gate.reexecute import Proof, Reexecution
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.evaluate import GATES
from tests.support.any_order import walk_to_the_merge
from tests.support.memory_orders import AnyOrderInMemory
from tests.support.properties import examples

AnyOrderInMemory.TestCase.settings = settings(
    max_examples=examples(60),
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyOrder = AnyOrderInMemory.TestCase


def test_the_model_merges_the_plain_case() -> None:
    """The machine's model is not so strict that nothing ever merges."""
    machine = AnyOrderInMemory()
    walk_to_the_merge(machine)
    assert not machine.is_open


@pytest.mark.parametrize("closed", [*GATES, "deploy", "proof"])
def test_the_model_is_strict_about_each_part(closed: str) -> None:
    machine = AnyOrderInMemory()
    walk_to_the_merge(machine, closed)
    assert machine.is_open
    assert not machine.may_merge()


def test_the_model_knows_that_going_back_takes_a_success_away() -> None:
    machine = AnyOrderInMemory()
    machine.start("v2", {"attest", "deploy", "wait", "approve", "check"})
    for version in ("v3", "v2", "v3"):
        machine.deploy_staging(version, Result.SUCCEEDED, proved=True)
    assert not machine.may_merge()
    machine.teardown()
    assert machine.is_open


@pytest.mark.parametrize("gate", list(GATES))
def test_a_gate_that_is_always_open_is_noticed(gate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant of each gate: the machine's invariant is what notices it, and nothing else."""
    monkeypatch.setitem(GATES, gate, lambda _facts: None)  # type: ignore[arg-type]  # a dict, read-only by its type
    with pytest.raises(AssertionError, match="merged past a closed gate"):
        walk_to_the_merge(AnyOrderInMemory(), gate)


def test_a_proof_that_always_holds_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reexecution, "prove", lambda *_given: Proof(ours=True))
    with pytest.raises(AssertionError, match="merged past a closed gate"):
        walk_to_the_merge(AnyOrderInMemory(), "proof")
