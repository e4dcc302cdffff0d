"""Workflow runs: started by a dispatch, finished by a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testbed.forge.errors import not_found
from testbed.forge.records import WorkflowRun
from testbed.forge.rest.actions import found_workflow, workflow_number
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, repository_view, stamp, user, web

_PAGES = ("jobs", "logs", "cancel", "rerun", "artifacts")


def run_view(call: Call, run: WorkflowRun) -> Json:
    """Write a workflow run."""
    base, page = api(call.world, call.repository), web(call.world, call.repository)
    commit = call.repository.git.commit(run.oid)
    number, here = workflow_number(run.path), f"{base}/actions/runs/{run.id}"
    owner = repository_view(call.world, call.repository)
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
        "run_number": run.id,
        "run_attempt": 1,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": number,
        "url": here,
        "html_url": f"{page}/actions/runs/{run.id}",
        "pull_requests": [],
        **times,
        "updated_at": stamp(run.updated_at),
        "actor": user(call.world, run.actor),
        "triggering_actor": user(call.world, run.actor),
        **{f"{name}_url": f"{here}/{name}" for name in _PAGES},
        "check_suite_url": f"{base}/check-suites/{run.id}",
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
        "repository": owner,
        "head_repository": owner,
    }


def start(call: Call, *, path: str, title: str, event: Mapping[str, Any]) -> WorkflowRun:
    """Make a run that waits for its runner; `event` holds name, branch and commit."""
    now = call.world.now()
    run = WorkflowRun(
        id=call.world.next_id(),
        path=path,
        name=title,
        title=title,
        event=event["name"],
        branch=event["branch"],
        oid=event["oid"],
        actor=call.actor.account,
        created_at=now,
        updated_at=now,
    )
    call.repository.runs[run.id] = run
    return run


@serves("GET /repos/{owner}/{repo}/actions/runs/{run_id}", ("actions", "read"))
def get_run(call: Call) -> Json:
    """Read a run."""
    run = call.repository.runs.get(call.number("run_id"))
    if run is None:
        raise not_found()
    return run_view(call, run)


@serves("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs", ("actions", "read"))
def list_runs(call: Call) -> Json:
    """List the runs of a workflow, newest first, by event (one page)."""
    path, event = found_workflow(call), call.query.get("event")
    runs = [
        run
        for run in reversed(call.repository.runs.values())
        if run.path == path and event in (None, run.event)
    ]
    most = int(call.query.get("per_page", "30"))
    return {
        "total_count": len(runs),
        "workflow_runs": [run_view(call, run) for run in runs[:most]],
    }
