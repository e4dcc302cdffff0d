"""Whatever happens in whatever order: nothing merges past a closed gate, and what may merges.

`tests/integration/test_gate_orders_on_forge.py` lets the same happen on the GitHub double.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import pytest
from hypothesis import HealthCheck, settings

from gitops_action.commands.gate import evaluate as gate_evaluate
from gitops_action.commands.gate.reexecute import Proof
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.evaluate import GATES
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.repository import MergeConflictError
from tests.support.any_order import (
    ADDRESS,
    BRANCH,
    RULES,
    AnyOrder,
    Broken,
    Verdict,
    walk_to_the_merge,
)
from tests.support.gate_world import World

EXAMPLES = 300


class InMemory:
    """A `Subject` in memory."""

    def __init__(self) -> None:
        self.world = World(files={".github/gitops.yaml": RULES})
        self.world.on_merge = lambda _number: self.on_merge()
        self.number = 0

    on_merge: Callable[[], None] = staticmethod(lambda: None)

    @property
    def now(self) -> datetime:
        return self.world.now

    @property
    def head(self) -> str:
        return self.world.head(self.number)

    @property
    def body(self) -> str:
        return self.world.pulls[self.number].body

    @property
    def is_open(self) -> bool:
        return self.world.pulls[self.number].state == "open"

    def sides(self) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
        base = self.world.branches["main"]
        try:
            merged = self.world.merge_files(base, self.head)
        except MergeConflictError:
            return None
        return self.world.commits[base].files, merged

    def start(self, version: str) -> None:
        self.number = self.world.bump(version, branch=BRANCH)

    def review(self, person: str, verdict: Verdict) -> None:
        self.world.review(self.number, by=person, state=verdict)

    def dismiss(self, person: str) -> None:
        reviews = self.world.pulls[self.number].reviews
        mine = [one for one in reviews if one.login == person and one.state != "commented"]
        self.world.dismiss(self.number, mine[-1])

    def revise(self, version: str, person: str) -> None:
        self.world.revise(self.number, version, by=person)

    def commit(self, files: Mapping[str, str | None], *, branch: str, person: str) -> None:
        self.world.change(files, branch=branch, by=person)

    def update_branch(self, person: str) -> None:
        self.world.update(self.number, by=person)

    def deploy(self, result: Result, *, proved: bool) -> None:
        self.world.deploy("staging", result=result, proved=proved)

    def check(self, conclusion: str) -> None:
        self.world.check(self.number, "ci/smoke", conclusion)

    def forge_status(self, login: str) -> None:
        self.world.status(self.number, "gitops/ready", "success", by=login)

    def answer(self, status: int) -> None:
        self.world.answers[ADDRESS] = HttpAnswer(status=status)

    def wait(self, minutes: int) -> None:
        self.world.tick(minutes=minutes)

    def gate(self, viewer: str, broken: Broken | None = None) -> None:
        self.world.viewer = viewer
        self.world.broken = {broken} if broken else set()
        self.world.gate()
        self.world.broken = set()


class AnyOrderInMemory(AnyOrder):
    def subject(self) -> InMemory:
        return InMemory()


AnyOrderInMemory.TestCase.settings = settings(
    max_examples=EXAMPLES,
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


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_that_is_always_open_is_noticed(gate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant of each gate: the machine's invariant is what notices it, and nothing else."""
    monkeypatch.setitem(GATES, gate, lambda _facts: None)  # type: ignore[arg-type]  # a dict, read-only by its type
    with pytest.raises(AssertionError, match="merged past a closed gate"):
        walk_to_the_merge(AnyOrderInMemory(), gate)


def test_a_proof_that_always_holds_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_evaluate, "prove", lambda *_given, **_named: Proof(ours=True))
    with pytest.raises(AssertionError, match="merged past a closed gate"):
        walk_to_the_merge(AnyOrderInMemory(), "proof")
