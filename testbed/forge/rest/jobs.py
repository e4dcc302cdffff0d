"""Jobs of workflow runs."""

from __future__ import annotations

from testbed.forge.errors import not_found
from testbed.forge.records import WorkflowJob, WorkflowRun
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, web


def _view(call: Call, run: WorkflowRun, job: WorkflowJob) -> Json:
    base, page = api(call.world, call.repository), web(call.world, call.repository)
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"{base}/actions/runs/{run.id}",
        "run_attempt": 1,
        "node_id": node_id("CR", job.id),
        "head_sha": run.oid,
        "url": f"{base}/actions/jobs/{job.id}",
        "html_url": f"{page}/actions/runs/{run.id}/job/{job.id}",
        "status": "completed" if job.conclusion else "in_progress",
        "conclusion": job.conclusion,
        "created_at": stamp(job.started_at),
        "started_at": stamp(job.started_at),
        "completed_at": stamp(job.completed_at) if job.completed_at else None,
        "name": job.name,
        "check_run_url": f"{base}/check-runs/{job.id}",
        "labels": [],
        "runner_id": None,
        "runner_name": None,
        "runner_group_id": None,
        "runner_group_name": None,
        "workflow_name": run.name,
        "head_branch": run.branch,
    }


@serves("GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs", ("actions", "read"))
def list_jobs(call: Call) -> Json:
    """List the jobs of a run, of all attempts (one page)."""
    run = call.repository.runs.get(call.number("run_id"))
    if run is None:
        raise not_found()
    return {"total_count": len(run.jobs), "jobs": [_view(call, run, job) for job in run.jobs]}
