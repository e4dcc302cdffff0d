"""A failed release goes back by itself: deploy, rollback and gate as processes, real clusters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.cluster import ControlPlane
from testbed.flux import Flux
from testbed.registry import Registry
from tests.support.deploy_forge import deploying
from tests.support.fluxing import config, fluxing
from tests.support.rollback_loop import FOLDER, RollbackLoop


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.start(tmp_path / "registry") as found:
        yield found


@pytest.fixture
def pushed(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, registry: Registry
) -> Iterator[RollbackLoop]:
    files = {"README.md": "# environment\n"}
    with deploying(tmp_path, control_plane, namespace, files) as stage:
        loop = RollbackLoop(stage=stage, registry=registry, engine="engine: push")
        loop.configure()
        yield loop


@pytest.fixture
def fluxed(
    tmp_path: Path, control_plane: ControlPlane, namespace: str, registry: Registry, flux: Flux
) -> Iterator[RollbackLoop]:
    with fluxing(tmp_path, control_plane, namespace, flux, {}) as found:
        engine = f"engine: flux, kustomizations: [flux-system/{namespace}]"
        loop = RollbackLoop(stage=found.stage, registry=registry, engine=engine)
        assert engine.split(", ", maxsplit=1)[0] in config("x")
        loop.configure()
        loop.describe("1", web="v1", api="v1")
        found.reconcile(found.source(), found.kustomization(wait=False))
        yield loop


def goes_back_by_itself(loop: RollbackLoop) -> None:
    """Both images of a failed change go back in one pull request; the ConfigMap stays."""
    repository = loop.stage.repository
    loop.describe("1", web="v1", api="v1")
    first = loop.deploy()
    assert first.exit_code == 0, first.log
    loop.break_image("web", "v2")
    loop.describe("2", web="v2", api="v2")
    failed = loop.deploy()
    assert failed.exit_code == 1, failed.log
    rolled = loop.roll_back()
    assert rolled.exit_code == 0, rolled.log
    assert loop.decisions(rolled) == "go-back"
    number = int(rolled.outputs["pull-request-number"])
    assert "no database" in repository.pull(number).body or "crash" in repository.pull(number).body
    gated = loop.gate()
    assert repository.pull(number).merged_at is not None, gated.log
    holds = [path for path in repository.files("main") if "gitops/holds/" in path]
    assert len(holds) == 2
    for name in ("web", "api"):
        assert loop.image(name, "v1") in repository.read("main", f"{FOLDER}/{name}.yaml").decode()
    verified = loop.deploy()
    assert verified.exit_code == 0, verified.log
    assert (loop.running("web"), loop.running("api")) == (
        loop.image("web", "v1"),
        loop.image("api", "v1"),
    )
    assert loop.stage.live("configmap", "settings")["data"] == {"value": "2"}
    after = loop.roll_back()
    assert loop.decisions(after) == "no-failure"
    again = loop.step("bump", images=loop.image("web", "v2"), environment="staging")
    assert again.exit_code == 1
    assert "on hold" in again.log


def test_a_failed_push_goes_back_and_the_same_version_is_refused(pushed: RollbackLoop) -> None:
    goes_back_by_itself(pushed)


def test_what_flux_could_not_bring_up_goes_back(fluxed: RollbackLoop) -> None:
    goes_back_by_itself(fluxed)


def test_a_rollback_that_fails_too_raises_one_alarm(pushed: RollbackLoop) -> None:
    repository = pushed.stage.repository
    pushed.describe("1", web="v1")
    assert pushed.deploy().exit_code == 0
    for version in ("v1", "v2"):
        pushed.break_image("web", version)
    pushed.describe("1", web="v2")
    assert pushed.deploy().exit_code == 1
    rolled = pushed.roll_back()
    pushed.gate()
    assert repository.pull(int(rolled.outputs["pull-request-number"])).merged_at is not None
    assert pushed.deploy().exit_code == 1
    for _ in range(2):
        alarm = pushed.roll_back()
        assert alarm.exit_code == 1
        assert pushed.decisions(alarm) == "own-failure"
    (issue,) = repository.issues()
    assert issue.title == "staging: the rollback failed too"
    pushed.stage.plane.forget_behaviours()
    pushed.describe("1", web="v3")
    assert pushed.deploy().exit_code == 0
    assert pushed.roll_back().exit_code == 0
    assert issue.state == "closed"


def test_a_failure_of_configuration_alone_is_for_people(pushed: RollbackLoop) -> None:
    pushed.describe("1", web="v1")
    assert pushed.deploy().exit_code == 0
    broken = f"{FOLDER}/broken.yaml"
    body = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_A_Name"}}'
    pushed.stage.commit({broken: body})
    assert pushed.deploy().exit_code == 1
    result = pushed.roll_back()
    assert pushed.decisions(result) == "configuration-only", result.log
    assert pushed.stage.repository.pull_requests() == []
    (issue,) = pushed.stage.repository.issues()
    assert "git revert" in issue.body
