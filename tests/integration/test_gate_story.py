"""The gate on a real forge: one pull request from waiting to merged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gate_forge import NEW, GateStage, codes, config, gate_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path) as made:
        yield made


def test_a_bump_whose_gates_are_open_is_published_and_merged(stage: GateStage) -> None:
    number = stage.bump()
    outcome = stage.gate()
    assert outcome.exit_code == 0, outcome.notices
    assert stage.ready(number) == ("success", "ready: 2 of 2 gates")
    assert stage.merged(number)
    assert outcome.outputs["merged"] == f"[{number}]"
    assert (
        NEW in stage.repository.read("main", "environments/production/kustomization.yaml").decode()
    )
    assert "production ready" in stage.comment(number)


def test_an_approval_is_waited_for(stage: GateStage) -> None:
    stage.configure(config(production="merge: auto\ngates: {approvals: {count: 1}}"))
    number = stage.bump()
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)) == (False, ["approvals-missing"])
    assert stage.ready(number) == ("pending", "waiting: 0 of 1 approval")
    stage.approve(number)
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)) == (True, [])
