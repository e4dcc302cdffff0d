"""Deployments that our own recorder wrote, read back with the runs that prove them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gitops_action.adapters.github.deployments import GitHubDeployments
from gitops_action.adapters.github.proved_records import GitHubRecords
from gitops_action.commands.deploy.record import Recorder, RecordPorts
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Application, Deploy, Environment, Target
from gitops_action.core.deploy.result import EnvironmentResult, Result, TargetResult
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.outcome import Job
from tests.support.github_forge import REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage

IMAGE = f"ghcr.io/acme/web:v2@sha256:{'0' * 64}"
WEB = Application(name="web", images=("ghcr.io/acme/web",))
DEPLOY = Deploy(targets=(Target(name="default", engine="push"),))
STAGING = Environment(name="staging", deploy=DEPLOY)
PRODUCTION = Environment(name="production", formerly=("prod",), deploy=DEPLOY)
MANIFESTS = tuple(
    parse_manifests(
        "web.yaml",
        f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec: {{template: {{spec: {{containers: [{{name: web, image: "{IMAGE}"}}]}}}}}}
""".encode(),
    )
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path) as made:
        yield made


def deploy(  # noqa: PLR0913 - what a run is
    stage: Stage,
    environment: Environment,
    result: Result = Result.SUCCEEDED,
    *,
    title: str = "",
    event: str = "push",
    head: str = "",
) -> None:
    """A whole run of the workflow that deploys, with its record."""
    commit = stage.repository.head("main")
    run = stage.repository.start_run(head or commit, title=title, event=event)
    job = stage.repository.start_job(run, f"deploy / {environment.name}")
    here = Job(repository=REPOSITORY, run_id=str(run.id), run_attempt="1", job_id=str(job.id))
    token = stage.forge.token(
        repositories=[REPOSITORY], permissions={"deployments": "write", "contents": "read"}
    )
    ours = GitHubDeployments(stage.client(token), REPOSITORY)
    rendering = EnvironmentRendering(environment=environment, manifests=MANIFESTS, hash="sha256:1")
    recorder = Recorder(RecordPorts(deployments=ours, job=here))
    record = recorder.begin(environment, rendering, commit, applications=(WEB,))
    record.in_progress()
    target = TargetResult(target="default", result=result)
    record.finish(EnvironmentResult(environment=environment.name, commit=commit, targets=(target,)))
    stage.repository.finish_job(job, "success" if result is Result.SUCCEEDED else "failure")


RIGHTS = {"deployments": "read", "checks": "read", "actions": "read", "contents": "read"}


def records(stage: Stage, *environments: Environment, **rights: str) -> list[EvaluatedRecord]:
    token = stage.forge.token(repositories=[REPOSITORY], permissions=rights or RIGHTS)
    found = GitHubRecords(stage.client(token), REPOSITORY).read(environments)
    return [one for each in found.values() for one in each]


def test_what_we_record_is_proved_by_its_run(stage: Stage) -> None:
    deploy(stage, STAGING)
    deploy(stage, PRODUCTION, Result.FAILED)
    deploy(stage, replace(PRODUCTION, name="prod"))
    before = len(stage.forge.requests)
    found = records(stage, STAGING, PRODUCTION)
    assert [(one.environment, one.result, one.unproved) for one in found] == [
        ("staging", Result.SUCCEEDED, ""),
        ("production", Result.SUCCEEDED, ""),
        ("production", Result.FAILED, ""),
    ]
    assert {one.applications["web"] for one in found} == {(IMAGE,)}
    assert all("/job/" in one.url for one in found)
    assert len(stage.forge.requests) - before == 2


def test_a_dispatch_is_proved_by_the_name_of_its_run(stage: Stage) -> None:
    head = stage.repository.head("main")
    stage.repository.commit(files={"README.md": "# newer\n"})
    commit = stage.repository.head("main")
    deploy(stage, STAGING, event="workflow_dispatch", title=f"deploy {commit}", head=head)
    deploy(stage, STAGING, event="workflow_dispatch", title=f"deploy {head}", head=head)
    wrong, right = records(stage, STAGING)
    assert right.unproved == ""
    assert "its run was not for" in wrong.unproved


def test_a_record_that_somebody_made_proves_nothing(stage: Stage) -> None:
    deploy(stage, STAGING)
    token = stage.forge.token(
        repositories=[REPOSITORY], permissions={"deployments": "write", "contents": "read"}
    )
    ours = GitHubDeployments(stage.client(token), REPOSITORY)
    rendering = EnvironmentRendering(environment=STAGING, manifests=MANIFESTS, hash="sha256:1")
    forged = Recorder(RecordPorts(deployments=ours, job=Job(repository=REPOSITORY, run_id="404")))
    record = forged.begin(STAGING, rendering, stage.repository.head("main"))
    record.finish(EnvironmentResult(environment="staging", commit="", targets=()))
    newest, genuine = records(stage, STAGING)
    assert newest.unproved == "its run 404 does not exist any more"
    assert genuine.proved


def test_without_the_right_to_read_runs_nothing_is_proved(stage: Stage) -> None:
    deploy(stage, STAGING)
    (found,) = records(stage, STAGING, deployments="read", contents="read")
    assert "not readable" in found.unproved
    assert "actions: read" in found.unproved


def test_the_right_to_read_actions_alone_is_enough_for_few(stage: Stage) -> None:
    deploy(stage, STAGING)
    (found,) = records(stage, STAGING, deployments="read", contents="read", actions="read")
    assert found.proved
