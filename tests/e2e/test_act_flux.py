"""The user's first story, end to end: a tag, a pull request, a merge, Flux, and a proof.

The classic environment repository and its workflow are what `init` writes; its administrator's
folder prepared the cluster, and the workflow's kubeconfig is the waiting account's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from testbed.act import RunResult, WorkflowRun, run_workflow
from testbed.cluster import ControlPlane
from testbed.demo.application import ACTION
from testbed.demo.cluster import Cluster
from testbed.demo.layouts import CLASSIC, ENVIRONMENT, NEW_TAG
from testbed.demo.stage import Stage
from testbed.flux import Flux
from tests.support.deploy_workflow import CALLER, library
from tests.support.flux import get

LIBRARY = "OWNER/gitops-action@v1"
LAYOUT = replace(CLASSIC, engine="flux")
RIGHTS = {"contents": "read", "deployments": "write", "metadata": "read"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage.open(tmp_path, LAYOUT) as found:
        yield found
        found.forge.assert_clean()


@pytest.fixture
def cluster(control_plane: ControlPlane, flux: Flux, stage: Stage) -> Cluster:  # noqa: ARG001 - Flux has to run
    found = Cluster(plane=control_plane, layout=LAYOUT)
    found.prepare(stage)
    return found


def pushed(stage: Stage, cluster: Cluster, action: str, runner: str) -> RunResult:
    """A push to main, as GitHub runs the environment repository's own workflow."""
    checkout = stage.root / "checkout"
    (checkout / CALLER).parent.mkdir(parents=True)
    (checkout / CALLER).write_text(stage.files[CALLER])
    ours = library(stage.root / "library", action)
    return run_workflow(
        WorkflowRun(
            checkout=checkout,
            workflow=CALLER,
            image=runner,
            event={"ref": "refs/heads/main", "repository": {"full_name": ENVIRONMENT}},
            env={
                **stage.job_variables,
                "GITHUB_SHA": stage.environment.resolve("main"),
            },
            secrets={
                "GITHUB_TOKEN": stage.forge.token(kind="job", home=ENVIRONMENT, permissions=RIGHTS),
                "KUBECONFIG": cluster.kubeconfig(LAYOUT.places[0]),
            },
            repositories={LIBRARY: ours, ACTION: ours},
        )
    )


def test_from_a_tag_to_a_deployment_that_flux_made_and_we_have_seen(
    stage: Stage, cluster: Cluster, action: str, runner: str
) -> None:
    stage.run_processes(stage.release(NEW_TAG))
    (pull,) = stage.environment.pull_requests()
    stage.validate(pull)
    merged = stage.environment.merge(pull.number)
    result = pushed(stage, cluster, action, runner)
    assert result.exit_code == 0, result.log[-6000:]
    live = get(cluster.plane, "deployment", "web", LAYOUT.namespace)
    (container,) = live["spec"]["template"]["spec"]["containers"]
    digest = rf"{re.escape(stage.image)}:{NEW_TAG}@sha256:[0-9a-f]{{64}}"
    assert re.fullmatch(digest, container["image"])
    status = get(cluster.plane, "kustomization", LAYOUT.namespace)["status"]
    assert status["lastAppliedRevision"] == f"main@sha1:{merged}"
    (deployment,) = stage.environment.repository.deployments.values()
    assert (deployment.environment, deployment.oid) == ("default", merged)
    states = [one.state for one in deployment.statuses]
    assert "success" in states
    assert not {"failure", "error"} & set(states)
