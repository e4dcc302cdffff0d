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


@pytest.fixture(params=["pushed", "fluxed"])
def loop(request: pytest.FixtureRequest) -> RollbackLoop:
    """The same loop with each engine."""
    found: RollbackLoop = request.getfixturevalue(request.param)
    return found


HOLDS = ".github/gitops/holds"
FREEZE = f"{HOLDS}/staging._.freeze.yaml"
EXPIRED = f"{HOLDS}/staging.web.v1.yaml"


def failing_release(loop: RollbackLoop) -> None:
    """Version v1 was verified, v2 crashes."""
    loop.describe("1", web="v1")
    first = loop.deploy()
    assert first.exit_code == 0, first.log
    loop.break_image("web", "v2")
    loop.describe("1", web="v2")
    assert loop.deploy().exit_code == 1


def merges(loop: RollbackLoop) -> None:
    """The gate merges the rollback's pull request."""
    gated = loop.gate()
    assert loop.stage.repository.pull_requests()[-1].merged_at, gated.log


def test_a_failed_release_goes_back_by_itself_and_the_same_version_is_refused(
    loop: RollbackLoop,
) -> None:
    """Both images go back in one pull request, during a freeze too; the ConfigMap stays."""
    repository = loop.stage.repository
    loop.describe("1", web="v1", api="v1")
    first = loop.deploy()
    assert first.exit_code == 0, first.log
    loop.break_image("web", "v2")
    loop.describe("2", web="v2", api="v2")
    failed = loop.deploy()
    assert failed.exit_code == 1, failed.log
    expired = f"environment: staging\nimage: {loop.image('web', 'v1')}\nuntil: 2026-01-01\n"
    loop.stage.commit({FREEZE: "environment: staging\nreason: incident\n", EXPIRED: expired})
    rolled = loop.roll_back()
    assert rolled.exit_code == 0, rolled.log
    assert loop.decisions(rolled) == "go-back"
    number = int(rolled.outputs["pull-request-number"])
    body = repository.pull(number).body
    assert "no database" in body or "crash" in body
    assert "is frozen" in body
    merges(loop)
    added = {path for path in repository.files("main") if path.startswith(HOLDS)}
    held = "".join(repository.read("main", one).decode() for one in added - {FREEZE, EXPIRED})
    assert len(added) == 4
    for name in ("web", "api"):
        assert loop.image(name, "v1") in repository.read("main", f"{FOLDER}/{name}.yaml").decode()
        assert loop.image(name, "v2") in held
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


def test_a_rollback_that_fails_too_raises_one_alarm(loop: RollbackLoop) -> None:
    repository = loop.stage.repository
    failing_release(loop)
    assert loop.decisions(loop.roll_back()) == "go-back"
    merges(loop)
    loop.break_image("web", "v1")
    assert loop.deploy().exit_code == 1
    for _ in range(2):
        alarm = loop.roll_back()
        assert alarm.exit_code == 1
        assert loop.decisions(alarm) == "own-failure"
    (issue,) = repository.issues()
    assert issue.title == "staging: the rollback failed too"
    assert len(repository.pull_requests()) == 1
    loop.stage.plane.forget_behaviours()
    loop.describe("1", web="v3")
    assert loop.deploy().exit_code == 0
    assert loop.roll_back().exit_code == 0
    assert issue.state == "closed"


def test_no_version_goes_back_twice_nor_for_an_unknown_result_nor_past_a_newer_one(
    loop: RollbackLoop,
) -> None:
    failing_release(loop)
    assert loop.decisions(loop.roll_back()) == "go-back"
    merges(loop)
    loop.describe("1", web="v2")  # a person puts it back
    assert loop.deploy().exit_code == 1
    assert loop.decisions(loop.roll_back()) == "rolled-back-before"
    loop.describe("1", web="v3")
    assert loop.decisions(loop.roll_back()) == "base-moved"
    unknown = loop.deploy(away=True)
    assert unknown.outputs["result"] == "unknown", unknown.log
    assert loop.decisions(loop.roll_back()) == "no-failure"
    assert len(loop.stage.repository.pull_requests()) == 1


def test_an_interruption_and_an_earlier_cluster_that_is_down_stop_no_rollback(
    loop: RollbackLoop,
) -> None:
    """Interrupted with the hold written, with the pull request open, and after the merge."""
    repository, forge = loop.stage.repository, loop.stage.forge
    failing_release(loop)
    loop.earlier("qa")
    assert loop.deploy("qa", away=True).outputs["result"] == "unknown"
    forge.fail(r"POST .*/pulls ", status=422, times=1)
    assert loop.roll_back().exit_code == 1
    (branch,) = repository.branches() - {"main"}
    assert [one for one in repository.files(branch) if one.startswith(f"{HOLDS}/staging.web.")]
    assert repository.pull_requests() == []
    assert loop.decisions(loop.roll_back()) == "go-back"
    forge.fail(r"PUT .*/merge ", status=422, times=1)
    loop.gate()
    (pull,) = repository.pull_requests()
    assert not pull.merged_at
    merges(loop)
    assert loop.decisions(loop.roll_back()) == "base-moved"  # as the deployment never ran
    verified = loop.deploy(pending=True)
    assert verified.exit_code == 0, verified.log
    assert "it waits for nothing, since it goes back to" in verified.log
    assert loop.running("web") == loop.image("web", "v1")
    loop.describe("1", web="v3")
    newer = repository.read("main", f"{FOLDER}/web.yaml").decode()
    loop.stage.commit({"environments/qa/web.yaml": newer})
    forward = loop.deploy(pending=True)  # while what goes forward does wait for qa
    assert "staging: wait, it comes after qa" in forward.log
    assert loop.running("web") == loop.image("web", "v1")


def test_a_failure_of_configuration_alone_is_for_people(pushed: RollbackLoop) -> None:
    pushed.describe("1", web="v1")
    assert pushed.deploy().exit_code == 0
    broken = f"{FOLDER}/broken.yaml"
    body = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_A_Name"}}'
    pushed.stage.commit({broken: body})
    assert pushed.deploy().exit_code == 1
    result = pushed.roll_back()
    assert pushed.decisions(result) == "configuration-only", result.log
    repository = pushed.stage.repository
    (made,) = repository.pull_requests()
    assert broken not in repository.files(made.head)
    (issue,) = repository.issues()
    assert f"pull/{made.number}" in issue.body
    assert "git revert" in issue.body
    pushed.gate()
    assert not made.merged_at, "a person looks at configuration"
    repository.merge(made.number, by="alice")
    assert pushed.deploy().exit_code == 0
    pushed.roll_back()
    assert issue.state == "closed"
