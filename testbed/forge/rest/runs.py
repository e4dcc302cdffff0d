"""Workflow runs and jobs, as REST lists them."""

from __future__ import annotations

import operator
from collections.abc import Callable

from testbed.forge import runs
from testbed.forge.errors import not_found
from testbed.forge.model import Repository
from testbed.forge.records import WorkflowJob, WorkflowRun
from testbed.forge.rest.actions import found_workflow, workflow_number
from testbed.forge.rest.routing import Call, Reply, page, serves
from testbed.forge.rest.views import Json, api, node_id, repository_view, stamp, user, web

READ, WRITE = ("actions", "read"), ("actions", "write")
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_PAGES = ("jobs", "logs", "cancel", "rerun", "artifacts")
_RUNS = "/repos/{owner}/{repo}/actions/runs"
_RUN = _RUNS + "/{run_id}"
_WORKFLOW = "/repos/{owner}/{repo}/actions/workflows/{workflow_id}"


def run_view(call: Call, run: WorkflowRun) -> Json:
    """Write a workflow run."""
    base, page_ = api(call.world, call.repository), web(call.world, call.repository)
    commit = call.repository.git.commit(run.oid)
    number, here = workflow_number(run.path), f"{base}/actions/runs/{run.id}"
    times = dict.fromkeys(("created_at", "run_started_at"), stamp(run.created_at))
    people = {"name": commit.author.name, "email": commit.author.email}
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WFR", run.id),
        "head_branch": run.branch,
        "head_sha": run.oid,
        "path": run.path,
        "display_title": run.title,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": number,
        "url": here,
        "html_url": f"{page_}/actions/runs/{run.id}",
        "pull_requests": [],
        **times,
        "updated_at": stamp(run.updated_at),
        "actor": user(call.world, run.actor),
        "triggering_actor": user(call.world, run.triggering_actor or run.actor),
        **{f"{name}_url": f"{here}/{name}" for name in _PAGES},
        "check_suite_url": f"{base}/check-suites/{_suite_id(call, run)}",
        "check_suite_id": _suite_id(call, run),
        "previous_attempt_url": None,
        "workflow_url": f"{base}/actions/workflows/{number}",
        "head_commit": {
            "id": run.oid,
            "tree_id": commit.tree,
            "message": commit.message,
            "timestamp": stamp(commit.committer.when),
            "author": people,
            "committer": people,
        },
        "repository": repository_view(call.world, call.repository),
        "head_repository": repository_view(call.world, _head_repository(call, run)),
    }


def _head_repository(call: Call, run: WorkflowRun) -> Repository:
    pulls = [call.repository.pulls[number] for number in run.pulls]
    return pulls[0].source if pulls else call.repository


def _suite_id(call: Call, run: WorkflowRun) -> int:
    found = (s.id for s in call.repository.suites.values() if s.run_id == run.id)
    return next(found, run.id)


def job_view(call: Call, run: WorkflowRun, job: WorkflowJob) -> Json:
    """Write a job."""
    base = api(call.world, call.repository)
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{base}/actions/runs/{run.id}",
        "run_attempt": run.attempt,
        "node_id": node_id("CR", call.repository.id, job.id),
        "head_sha": run.oid,
        "head_branch": run.branch,
        "url": f"{base}/actions/jobs/{job.id}",
        "html_url": runs.job_url(call.world, call.repository, run, job),
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.started_at),
        "started_at": stamp(job.started_at),
        "completed_at": stamp(job.completed_at),
        "name": job.name,
        "steps": [
            {"name": name, "number": number, "status": "completed", "conclusion": "success"}
            for number, name in enumerate(job.steps, 1)
        ],
        "check_run_url": f"{base}/check-runs/{job.id}",
        "labels": ["ubuntu-latest"],
        **dict.fromkeys(("runner_id", "runner_name", "runner_group_id", "runner_group_name")),
        "workflow_name": run.name,
    }


def _listed(call: Call, found: list[WorkflowRun], tail: str) -> Reply:
    query = call.query
    chosen = [
        run
        for run in reversed(found)
        if query.get("event") in {None, run.event}
        and query.get("branch") in {None, run.branch}
        and query.get("head_sha") in {None, run.oid}
        and query.get("actor") in {None, run.actor.login}
        and query.get("status") in {None, run.status, run.conclusion}
        and _created(query.get("created"), stamp(run.created_at) or "")
    ]
    views = [run_view(call, run) for run in chosen]
    shown, headers = page(call, f"{api(call.world, call.repository)}/actions/{tail}", views)
    return Reply(body={"total_count": len(views), "workflow_runs": shown}, headers=headers)


def _created(asked: str | None, at: str) -> bool:
    """Compare with a date or time, as the search syntax writes it (`>=2026-01-01`, `A..B`)."""
    if not asked:
        return True
    if ".." in asked:
        start, _, end = asked.partition("..")
        return (start == "*" or at >= start) and (end == "*" or at[: len(end)] <= end)
    for sign, holds in _COMPARISONS.items():
        if asked.startswith(sign):
            limit = asked.removeprefix(sign)
            return holds(at[: len(limit)], limit)
    return at.startswith(asked)


@serves("GET " + _RUNS, READ)
def list_repository_runs(call: Call) -> Reply:
    """List runs, newest first, by event, branch, commit, actor, status and time."""
    return _listed(call, list(call.repository.runs.values()), "runs")


@serves("GET " + _WORKFLOW + "/runs", READ)
def list_workflow_runs(call: Call) -> Reply:
    """List the runs of a workflow."""
    path = found_workflow(call)
    found = [run for run in call.repository.runs.values() if run.path == path]
    return _listed(call, found, f"workflows/{workflow_number(path)}/runs")


def _run(call: Call) -> WorkflowRun:
    return runs.find(call.repository, call.number("run_id"))


@serves("GET " + _RUN, READ)
def get_run(call: Call) -> Json:
    """Read a run."""
    return run_view(call, _run(call))


@serves("DELETE " + _RUN, WRITE, status=204)
def delete_run(call: Call) -> None:
    """Delete a run that has ended."""
    runs.delete(call.repository, _run(call))


@serves("GET " + _RUN + "/attempts/{attempt_number}", READ)
def get_attempt(call: Call) -> Json:
    """Read the newest attempt of a run; earlier ones are not kept here."""
    run = _run(call)
    if call.number("attempt_number") != run.attempt:
        raise not_found()
    return run_view(call, run)


@serves("GET " + _RUN + "/jobs", READ)
def list_jobs(call: Call) -> Reply:
    """List the jobs of a run's newest attempt."""
    return _jobs(call)


def _jobs(call: Call) -> Reply:
    run = _run(call)
    views = [job_view(call, run, job) for job in run.jobs]
    url = f"{api(call.world, call.repository)}/actions/runs/{run.id}/jobs"
    shown, headers = page(call, url, views)
    return Reply(body={"total_count": len(views), "jobs": shown}, headers=headers)


@serves("GET " + _RUN + "/attempts/{attempt_number}/jobs", READ)
def list_attempt_jobs(call: Call) -> Reply:
    """List the jobs of an attempt."""
    if call.number("attempt_number") != _run(call).attempt:
        raise not_found()
    return _jobs(call)


@serves("GET /repos/{owner}/{repo}/actions/jobs/{job_id}", READ)
def get_job(call: Call) -> Json:
    """Read a job."""
    number = call.number("job_id")
    for run in call.repository.runs.values():
        for job in run.jobs:
            if job.id == number:
                return job_view(call, run, job)
    raise not_found()
