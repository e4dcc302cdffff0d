"""Workflow runs and their jobs.

In a test:

    run = repository.record_run(
        ".github/workflows/deploy.yml", event="push", oid=oid,
        jobs={"deploy (production)": "success"},
    )
    repository.run_url(run, "deploy (production)")   # what a Deployment's log_url names
    repository.delete_run(run)

A run's jobs are check runs of GitHub Actions on its head commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from testbed.forge import checks
from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, not_found
from testbed.forge.events import Event
from testbed.forge.model import Repository
from testbed.forge.records import CheckRun, CheckSuite, WorkflowJob, WorkflowRun
from testbed.forge.world import ACTIONS, World


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What a run is to be: its workflow file, names, cause and head."""

    path: str
    name: str
    title: str
    event: str
    branch: str
    oid: str
    pulls: tuple[int, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    chain: int = 0
    awaits_approval: bool = False


def start(world: World, repository: Repository, actor: Actor, order: RunOrder) -> WorkflowRun:
    """Make a run that waits for its runner."""
    now = world.now()
    with repository.lock:
        run = WorkflowRun(
            id=world.next_id(),
            path=order.path,
            name=order.name,
            title=order.title,
            event=order.event,
            branch=order.branch,
            oid=order.oid,
            actor=actor.account,
            created_at=now,
            updated_at=now,
            number=1 + sum(run.path == order.path for run in repository.runs.values()),
            pulls=order.pulls,
            inputs=order.inputs,
            chain=order.chain,
            awaits_approval=order.awaits_approval,
        )
        repository.runs[run.id] = run
    _suite(world, repository, run)
    return run


def _suite(world: World, repository: Repository, run: WorkflowRun) -> CheckSuite:
    app = world.account(ACTIONS)
    return checks.suite(world, repository, run.oid, app, branch=run.branch, run_id=run.id)


def add_job(
    world: World, repository: Repository, run: WorkflowRun, name: str, conclusion: str | None
) -> WorkflowJob:
    """Report a job of a run; `conclusion` None: it still runs."""
    now = world.now()
    job = WorkflowJob(
        id=world.next_id(),
        name=name,
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        started_at=now,
        completed_at=now if conclusion else None,
    )
    run.jobs.append(job)
    suite = _suite(world, repository, run)
    check = CheckRun(
        id=job.id,
        oid=run.oid,
        name=name,
        suite=suite,
        status=job.status,
        conclusion=conclusion,
        started_at=now,
        completed_at=job.completed_at,
        details_url=job_url(world, repository, run, job),
    )
    checks.add(world, repository, check, Actor(account=suite.app, kind="job"), "created")
    return job


def finish(world: World, repository: Repository, run: WorkflowRun, conclusion: str) -> None:
    """Let a run come to its end, jobs that still run with it; an event `workflow_run` follows."""
    now = world.now()
    run.status, run.conclusion, run.updated_at = "completed", conclusion, now
    for job in run.jobs:
        if job.status != "completed":
            finish_job(world, repository, job, conclusion)
    world.emit(
        Event(
            name="workflow_run",
            action="completed",
            repository=repository.full_name,
            actor=run.actor.login,
            token_kind="app",  # noqa: S106 - a kind: it is GitHub that reports, not the job's token
            ref=f"refs/heads/{run.branch}",
            oid=run.oid,
            payload={"run": run.id, "workflow": run.name, "conclusion": conclusion},
        )
    )


def finish_job(world: World, repository: Repository, job: WorkflowJob, conclusion: str) -> None:
    """Let a job end; its check run follows."""
    job.status, job.conclusion, job.completed_at = "completed", conclusion, world.now()
    actor = Actor(account=world.account(ACTIONS), kind="job")
    for known in list(repository.checks.values()):
        for check in known:
            if check.id == job.id:
                check.status, check.conclusion = "completed", conclusion
                check.completed_at = job.completed_at
                checks.add(world, repository, check, actor, "completed")


def find(repository: Repository, number: int) -> WorkflowRun:
    """Return a run by its id.

    Raises:
        ApiError: 404, there is none.
    """
    run = repository.runs.get(number)
    if run is None:
        raise not_found()
    return run


def delete(repository: Repository, run: WorkflowRun) -> None:
    """Delete a run that has ended, with its check runs.

    Raises:
        ApiError: 403, it has not ended.
    """
    if run.status != "completed":
        raise ApiError(status=403, message="Could not delete the workflow run", kind="FORBIDDEN")
    with repository.lock:
        del repository.runs[run.id]
        kept = [c for c in repository.checks.get(run.oid, []) if c.suite.run_id != run.id]
        repository.checks[run.oid] = kept
        for number in [s.id for s in repository.suites.values() if s.run_id == run.id]:
            del repository.suites[number]


def run_url(world: World, repository: Repository, run: WorkflowRun) -> str:
    """The web address of a run."""
    return f"{world.url}/{repository.full_name}/actions/runs/{run.id}"


def job_url(world: World, repository: Repository, run: WorkflowRun, job: WorkflowJob) -> str:
    """The web address of a job."""
    return f"{run_url(world, repository, run)}/job/{job.id}"
