"""Runs of the workflow that deploys, with the records that they leave."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.adapters.github.deployments import GitHubDeployments
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.payload import RecordContent, write_payload
from gitops_action.core.deployments.records import (
    DeploymentStatus,
    NewDeployment,
    deployment_state,
)
from testbed.forge.records import WorkflowRun
from tests.support.github_forge import REPOSITORY, Stage

WORKFLOW = ".github/workflows/deploy.yml"


def deployed(  # noqa: PLR0913 - what a run is
    stage: Stage,
    environment: str,
    commit: str,
    applications: Mapping[str, tuple[str, ...]],
    result: Result = Result.SUCCEEDED,
    *,
    path: str = WORKFLOW,
    run: WorkflowRun | None = None,
) -> int:
    """A run with its record, a new one where none is given; gives the Deployment's number."""
    run = run or stage.repository.start_run(commit, path=path)
    job = stage.repository.start_job(run, f"deploy / {environment}")
    token = stage.forge.token(repositories=[REPOSITORY], permissions={"deployments": "write"})
    deployments = GitHubDeployments(stage.client(token), REPOSITORY)
    content = RecordContent(
        environment=environment, commit=commit, hash=f"sha256:{commit}", applications=applications
    )
    made = deployments.create(
        NewDeployment(
            environment=environment,
            commit=commit,
            description="",
            payload=write_payload(content),
            key="",
        )
    )
    page = f"{stage.forge.server_url}/{REPOSITORY}/actions/runs/{run.id}/job/{job.id}"
    for state in ("queued", deployment_state(result)):
        deployments.set_status(made.number, DeploymentStatus(state=state, log_url=page))
    stage.repository.finish_job(job, "success" if result is Result.SUCCEEDED else "failure")
    return made.number
