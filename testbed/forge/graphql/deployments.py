"""Deployments with their statuses, and the workflow runs of a commit."""

from __future__ import annotations

import json
from dataclasses import dataclass

from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import CommitNode, commit_node, ref_node
from testbed.forge.graphql.query import demand
from testbed.forge.model import Repository
from testbed.forge.records import Deployment, DeploymentStatus, WorkflowRun
from testbed.forge.rest.views import stamp, web

named(Deployment, "Deployment")
named(DeploymentStatus, "DeploymentStatus")


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A check suite: what a workflow run is beside its jobs."""

    repository: Repository
    run: WorkflowRun


@field("Repository.deployments", "environments", "orderBy")
def deployments(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List deployments, oldest first unless asked otherwise."""
    demand(context, source, "deployments")
    names = arguments.get("environments")
    order = (arguments.get("orderBy") or {}).get("direction", "ASC")
    found = [
        one for one in source.deployments.values() if names is None or one.environment in names
    ]
    return Connection(items=found[::-1] if order == "DESC" else found)


@field("Deployment.payload")
def payload(source: Deployment, _context: Context, _arguments: Arguments) -> str:
    """Write the payload as JSON text."""
    return json.dumps(source.payload)


def _newest_first(source: Deployment) -> Connection:
    return Connection(items=source.statuses[::-1])


plain(
    "Deployment",
    {
        "databaseId": lambda d: d.id,
        "commitOid": lambda d: d.oid,
        "environment": lambda d: d.environment,
        "createdAt": lambda d: stamp(d.created_at),
        "task": lambda d: d.task,
        "creator": lambda d: d.creator,
        "description": lambda d: d.description,
        "statuses": _newest_first,
    },
)
plain(
    "DeploymentStatus",
    {
        "state": lambda s: s.state.upper(),
        "description": lambda s: s.description,
        "logUrl": lambda s: s.log_url or None,
        "environmentUrl": lambda s: s.environment_url or None,
        "createdAt": lambda s: stamp(s.created_at),
    },
)


@field("Commit.checkSuites")
def check_suites(source: CommitNode, context: Context, _arguments: Arguments) -> Connection:
    """List the workflow runs whose head is the commit."""
    demand(context, source.repository, "checks")
    demand(context, source.repository, "actions")
    oid, runs = source.commit.oid, source.repository.runs.values()
    return Connection(
        items=[Suite(repository=source.repository, run=run) for run in runs if run.oid == oid]
    )


@field("CheckSuite.checkRuns", "filterBy")
def check_runs(source: Suite, context: Context, _arguments: Arguments) -> Connection:
    """List the jobs of all attempts."""
    page = f"{web(context.world, source.repository)}/actions/runs/{source.run.id}/job"
    return Connection(
        items=[
            Payload(
                {
                    "databaseId": job.id,
                    "name": job.name,
                    "conclusion": job.conclusion.upper() if job.conclusion else None,
                    "startedAt": stamp(job.started_at),
                    "completedAt": stamp(job.completed_at) if job.completed_at else None,
                    "url": f"{page}/{job.id}",
                }
            )
            for job in source.run.jobs
        ]
    )


def _run(source: Suite) -> Payload:
    run = source.run
    return Payload({"databaseId": run.id, "event": run.event, "file": Payload({"path": run.path})})


plain(
    "CheckSuite",
    {
        "branch": lambda s: ref_node(s.repository, f"refs/heads/{s.run.branch}"),
        "commit": lambda s: commit_node(s.repository, s.run.oid),
        "creator": lambda s: s.run.actor,
        "repository": lambda s: s.repository,
        "workflowRun": _run,
    },
)
