"""The user's first story, end to end: a tag, a pull request, a merge, Flux, a proof; the way back.

The classic environment repository and its workflows are what `init` writes; its administrator's
folder prepared the cluster, and the workflow's kubeconfig is the waiting account's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.cluster import ControlPlane
from testbed.demo.automation import clock
from testbed.demo.cluster import LOG, OVERTAKE, Cluster
from testbed.demo.layouts import BAD_TAG, CLASSIC, NEW_TAG
from testbed.demo.stage import Stage
from testbed.flux import Flux
from testbed.forge.model import PullRequest
from tests.support.act_environment import Workflows, governed
from tests.support.flux import get

LAYOUT = replace(CLASSIC, engine="flux")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage.open(tmp_path, LAYOUT) as found:
        yield found
        found.forge.assert_clean()


@pytest.fixture
def cluster(control_plane: ControlPlane, stage: Stage) -> Iterator[Cluster]:
    """Flux runs as docs/flux.md recommends: what follows a broken version does not wait for it."""
    found = Cluster(plane=control_plane, layout=LAYOUT)
    with Flux.start(control_plane, stage.root / "flux", gates=OVERTAKE):
        found.prepare(stage)
        yield found


@pytest.fixture
def workflows(stage: Stage, cluster: Cluster, action: str, runner: str) -> Workflows:
    found = governed(stage, LAYOUT, (action, runner))
    found.kubeconfig = cluster.kubeconfig(LAYOUT.places[0])
    return found


def released(stage: Stage, tag: str) -> PullRequest:
    """A release of the application, whose pull request a person merges."""
    stage.run_processes(stage.release(tag))
    pull = stage.environment.pull_requests()[-1]
    stage.validate(pull)
    stage.environment.merge(pull.number)
    return pull


def assert_running(cluster: Cluster, stage: Stage, tag: str) -> None:
    """Flux applied the tip of main, the cluster runs the version, and its record is a success."""
    tip = stage.environment.resolve("main")
    live = get(cluster.plane, "deployment", "web", LAYOUT.namespace)
    (container,) = live["spec"]["template"]["spec"]["containers"]
    digest = rf"{re.escape(stage.image)}:{tag}@sha256:[0-9a-f]{{64}}"
    assert re.fullmatch(digest, container["image"])
    status = get(cluster.plane, "kustomization", LAYOUT.namespace)["status"]
    assert status["lastAppliedRevision"] == f"main@sha1:{tip}"
    deployment = list(stage.environment.repository.deployments.values())[-1]
    assert (deployment.environment, deployment.oid) == ("default", tip)
    states = [one.state for one in deployment.statuses]
    assert "success" in states
    assert not {"failure", "error"} & set(states)


def test_from_a_tag_to_a_deployment_by_flux_and_back_from_a_version_that_fails(
    workflows: Workflows, cluster: Cluster
) -> None:
    stage, repository = workflows.stage, workflows.stage.environment
    released(stage, NEW_TAG)
    assert workflows.deploy("default") == 0, workflows.log[-6000:]
    assert_running(cluster, stage, NEW_TAG)

    cluster.break_image(f"{stage.image}:{BAD_TAG}")
    broken = released(stage, BAD_TAG)
    assert workflows.deploy("default") != 0
    assert LOG in workflows.log
    workflows.roll_back()
    rollback = repository.pull_requests()[-1]
    assert rollback.head == "gitops/default/rollback/web"
    assert rollback.merged_at  # by the gate job of the same run
    assert "crashed" in rollback.body.partition("The deployment that failed: ")[2]
    assert f"goes back by #{rollback.number}:" in repository.comments(broken.number)[-1]
    assert workflows.deploy("default") == 0, workflows.log[-6000:]
    assert_running(cluster, stage, NEW_TAG)

    again = stage.bump(BAD_TAG, clock(stage))
    assert again.exit_code == 1
    assert "on hold" in again.log
    assert repository.pull_requests()[-1] is rollback
    assert workflows.key not in workflows.log
