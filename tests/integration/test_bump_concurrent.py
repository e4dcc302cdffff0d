"""Many bumps of one repository at once: all land, none is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from gitops_action.adapters.clock import SystemClock
from gitops_action.commands.bump import command as bump
from gitops_action.core.outcome import Outcome
from tests.support.bump_stage import Stage, bump_stage, deployment, digest, pull_requests

BUMPS = 20
ALONE = 3
PER_CONFLICT = 3
NAMES = tuple(f"app-{number:02}" for number in range(BUMPS))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    files = {_path(name): deployment(f"ghcr.io/acme/{name}:v1.0.0", name) for name in NAMES}
    with bump_stage(tmp_path, files) as made:
        made.registry.tags.update(f"ghcr.io/acme/{name}:v2.0.0" for name in NAMES)
        made.clock = SystemClock(sleep=lambda seconds: time.sleep(seconds / 5))  # type: ignore[assignment]
        made.forge.requests.clear()
        yield made


def _path(name: str) -> str:
    return f"applications/{name}/deployment.yaml"


def _requested(name: str) -> str:
    image = f"ghcr.io/acme/{name}:v2.0.0"
    return f"{image}@{digest(image)}"


def _all_at_once(stage: Stage, names: tuple[str, ...], **given: Any) -> list[Outcome]:
    """Each bump with adapters of its own, as in a process of its own; errors are raised."""
    gate = threading.Barrier(len(names))

    def one(name: str) -> Outcome:
        inputs = stage.inputs(images=f"ghcr.io/acme/{name}:v2.0.0", application=(name,), **given)
        ports = stage.ports(inputs)
        gate.wait()
        return bump.run(inputs, ports)

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(one, names))


def test_each_application_gets_its_pull_request(stage: Stage) -> None:
    outcomes = _all_at_once(stage, NAMES)
    made = [pull for outcome in outcomes for pull in pull_requests(outcome)]
    assert sorted(pull["branch"] for pull in made) == [f"gitops/default/{name}" for name in NAMES]
    assert {pull["operation"] for pull in made} == {"created"}
    for name in NAMES:
        text = stage.repository.read(f"gitops/default/{name}", _path(name)).decode()
        assert _requested(name) in text
    assert len([pull for pull in stage.repository.pull_requests() if pull.state == "open"]) == BUMPS


def test_all_land_on_one_branch_and_a_conflict_costs_three_requests(stage: Stage) -> None:
    before = len(stage.repository.log("main"))
    _all_at_once(stage, NAMES, mode="commit")
    for name in NAMES:
        assert _requested(name) in stage.repository.read("main", _path(name)).decode()
    assert len(stage.repository.log("main")) == before + BUMPS
    operations = [request.operation for request in stage.forge.requests]
    conflicts = operations.count("createCommitOnBranch") - BUMPS
    assert conflicts > 0
    assert len(operations) == ALONE * BUMPS + PER_CONFLICT * conflicts


@pytest.mark.parametrize("mode", ["pull-request", "commit"])
def test_the_same_bump_many_times_at_once_is_done_once(
    stage: Stage, mode: Literal["pull-request", "commit"]
) -> None:
    name = NAMES[0]
    before = len(stage.repository.log("main"))
    outcomes = _all_at_once(stage, (name,) * 8, mode=mode)
    changed = [outcome.outputs["changed"] for outcome in outcomes]
    branch = "main" if mode == "commit" else f"gitops/default/{name}"
    assert _requested(name) in stage.repository.read(branch, _path(name)).decode()
    assert len(stage.repository.log(branch)) == before + 1
    assert len(stage.repository.pull_requests()) == (0 if mode == "commit" else 1)
    assert "true" in changed
