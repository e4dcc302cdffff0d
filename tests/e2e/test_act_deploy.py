"""The reusable workflow that deploys, under act: a real API server, GitHub's double."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.act import RunResult, WorkflowRun, run_workflow
from testbed.cluster import ControlPlane
from tests.support.deploy_forge import CONFIG, Deploying, deploying, settings, web
from tests.support.deploy_workflow import CALLER, library
from tests.support.github_forge import REPOSITORY

LIBRARY = "OWNER/gitops-action@v1"
WORKFLOW = """\
name: deploy
on: push
permissions: {}
jobs:
  deploy:
    uses: OWNER/gitops-action/.github/workflows/deploy.yml@v1
    permissions:
      contents: read
      deployments: write
      statuses: read
    with:
      kube-namespace: NAMESPACE
    secrets:
      kubeconfig: ${{ secrets.KUBECONFIG }}
"""
GITOPS = """\
version: 1
environments:
  staging: {path: environments/staging, deploy: {engine: push}}
  preview: {path: environments/preview, deploy: {engine: push}}
  production: {path: environments/production, after: [staging], deploy: {engine: push}}
"""
Images = tuple[str, str]


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {
        CONFIG: GITOPS,
        CALLER: WORKFLOW.replace("NAMESPACE", namespace),
        "environments/staging/web.yaml": web(namespace, "ghcr.io/acme/web:v1"),
        "environments/preview/settings.yaml": settings(namespace, "preview", "1"),
        "environments/production/settings.yaml": settings(namespace, "production", "1"),
    }
    with deploying(tmp_path, control_plane, namespace, files) as found:
        yield found


def pushed(stage: Deploying, images: Images) -> RunResult:
    """A push to main, as GitHub runs its workflow."""
    stage.runs += 1
    checkout = stage.root / f"checkout-{stage.runs}"
    (checkout / CALLER).parent.mkdir(parents=True)
    (checkout / CALLER).write_text(WORKFLOW.replace("NAMESPACE", stage.namespace))
    rights = {"contents": "read", "deployments": "write", "metadata": "read"}
    token = stage.forge.token(kind="job", home=REPOSITORY, permissions=rights)
    return run_workflow(
        WorkflowRun(
            checkout=checkout,
            workflow=CALLER,
            image=images[1],
            event={"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}},
            event_name="push",
            env={
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_SHA": stage.repository.resolve("main"),
                "GITHUB_API_URL": stage.forge.api_url,
                "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
                "GITHUB_SERVER_URL": stage.forge.server_url,
            },
            secrets={"GITHUB_TOKEN": token, "KUBECONFIG": stage.plane.kubeconfig},
            repositories={LIBRARY: library(stage.root / f"library-{stage.runs}", images[0])},
        )
    )


def test_a_push_deploys_what_changed_one_environment_after_the_other(
    stage: Deploying, action: str, runner: str
) -> None:
    first = pushed(stage, (action, runner))
    assert first.exit_code == 0, first.log[-6000:]
    assert stage.live("deployment", "web")["status"]["readyReplicas"] == 1
    assert stage.live("configmap", "preview")
    assert stage.live("configmap", "production")
    assert [states[0] for states in stage.states("staging")] == ["success"]
    second = pushed(stage, (action, runner))
    assert second.exit_code == 0, second.log[-6000:]
    assert len(stage.states("staging")) == len(stage.states("production")) == 1
    token = stage.plane.token
    assert token not in first.log + second.log


def test_an_environment_that_fails_leaves_the_others_alone(
    stage: Deploying, action: str, runner: str
) -> None:
    stage.plane.behave("ghcr.io/acme/web:v6", "crash-loop", log="panic: no database")
    stage.commit({"environments/staging/web.yaml": web(stage.namespace, "ghcr.io/acme/web:v6")})
    result = pushed(stage, (action, runner))
    assert result.exit_code != 0
    assert "no database" in result.log
    assert stage.live("configmap", "preview")
    assert not stage.live("configmap", "production")
    assert stage.states("staging")[0][0] == "failure"
