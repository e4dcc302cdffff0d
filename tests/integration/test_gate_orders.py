"""Hundreds of orders of events around the gate, in memory and on the GitHub double.

On the double each run is the whole command, over HTTP and with Git. `ANY_ORDER_EXAMPLES` says how
many orders are tried there: `make test-gate-orders` tries 300.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from gitops_action.core.gates.evaluate import GATES
from tests.support.any_order import AnyOrder, walk_to_the_merge
from tests.support.forge_orders import OnForge, OrderStage, order_stage
from tests.support.memory_orders import AnyOrderInMemory

IN_MEMORY = 300
ON_FORGE = int(os.environ.get("ANY_ORDER_EXAMPLES", "12"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderStage]:
    with order_stage(Path(tmp_path_factory.mktemp("orders"))) as made:
        yield made


@pytest.fixture
def machine(stage: OrderStage) -> type[AnyOrder]:
    class AnyOrderOnForge(AnyOrder):
        def subject(self) -> OnForge:
            return OnForge(stage)

    return AnyOrderOnForge


def run(machine: type[AnyOrder], *, orders: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis leaves it so
        machine,
        settings=settings(
            max_examples=orders,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_order_of_events_merges_past_a_closed_gate() -> None:
    run(AnyOrderInMemory, orders=IN_MEMORY, steps=12)


def test_no_order_of_events_merges_past_a_closed_gate_on_the_double(
    machine: type[AnyOrder],
) -> None:
    run(machine, orders=ON_FORGE, steps=8)


def test_what_may_merge_is_merged(machine: type[AnyOrder]) -> None:
    walked = machine()
    walk_to_the_merge(walked)
    assert not walked.is_open


@pytest.mark.parametrize("closed", [*GATES, "deploy", "proof"])
def test_each_gate_alone_keeps_it_open(machine: type[AnyOrder], closed: str) -> None:
    walked = machine()
    walk_to_the_merge(walked, closed)
    assert walked.is_open
    assert not walked.may_merge()


def test_a_gate_that_is_always_open_is_noticed(
    machine: type[AnyOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the double's merges are watched; each gate has its mutant in memory."""
    monkeypatch.setitem(GATES, "hold", lambda _facts: None)  # type: ignore[arg-type]  # a dict, read-only by its type
    with pytest.raises(AssertionError, match="merged past a closed gate"):
        walk_to_the_merge(machine(), "hold")
