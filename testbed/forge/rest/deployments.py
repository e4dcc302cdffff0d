"""Deployments and their statuses."""

from __future__ import annotations

from testbed.forge import checks, deployments, merging
from testbed.forge.errors import ApiError, conflict, invalid, not_found
from testbed.forge.records import Deployment, DeploymentStatus
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, user

READ, WRITE = ("deployments", "read"), ("deployments", "write")
_ONE = "/repos/{owner}/{repo}/deployments/{deployment_id}"


def _view(call: Call, deployment: Deployment) -> Json:
    base = api(call.world, call.repository)
    url = f"{base}/deployments/{deployment.id}"
    last = deployment.statuses[-1].created_at if deployment.statuses else deployment.created_at
    return {
        "id": deployment.id,
        "node_id": node_id("DE", call.repository.id, deployment.id),
        "url": url,
        "sha": deployment.oid,
        "ref": deployment.ref,
        "task": deployment.task,
        "payload": deployment.payload,
        "environment": deployment.environment,
        "original_environment": deployment.environment,
        "description": deployment.description,
        "creator": user(call.world, deployment.creator),
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(last),
        "statuses_url": f"{url}/statuses",
        "repository_url": base,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
    }


def _status_view(call: Call, deployment: Deployment, status: DeploymentStatus) -> Json:
    base = api(call.world, call.repository)
    url = f"{base}/deployments/{deployment.id}"
    return {
        "id": status.id,
        "node_id": node_id("DES", call.repository.id, status.id),
        "url": f"{url}/statuses/{status.id}",
        "state": status.state,
        "creator": user(call.world, status.creator),
        "description": status.description,
        "environment": status.environment,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "environment_url": status.environment_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
        "deployment_url": url,
        "repository_url": base,
    }


def _deployment(call: Call) -> Deployment:
    found = call.repository.deployments.get(call.number("deployment_id"))
    if found is None:
        raise not_found()
    return found


@serves("GET /repos/{owner}/{repo}/deployments", READ, paged=True)
def list_deployments(call: Call) -> list[Json]:
    """List deployments, newest first, by commit, ref, task and environment."""
    query = call.query
    return [
        _view(call, deployment)
        for deployment in reversed(call.repository.deployments.values())
        if query.get("sha", "none") in {"none", deployment.oid}
        and query.get("ref", "none") in {"none", deployment.ref}
        and query.get("task", "none") in {"none", deployment.task}
        and query.get("environment", "none") in {"none", deployment.environment}
    ]


@serves("POST /repos/{owner}/{repo}/deployments", WRITE, status=201, creates=True)
def create_deployment(call: Call) -> Json | Reply:
    """Make a deployment; by default every context has to pass and a behind ref is merged."""
    repository, body = call.repository, call.body
    oid = repository.git.resolve(body["ref"])
    if oid is None:
        raise invalid(f"No ref found for: {body['ref']}")
    _demand_contexts(call, oid)
    if body.get("auto_merge", True) and (reply := _merged(call, oid)):
        return reply
    order = deployments.DeploymentOrder(
        ref=body["ref"],
        oid=oid,
        task=body.get("task", "deploy"),
        environment=body.get("environment", "production"),
        payload=body.get("payload") or {},
        description=body.get("description"),
        transient=body.get("transient_environment", False),
        production=body.get(
            "production_environment", body.get("environment", "production") == "production"
        ),
    )
    made = deployments.create(call.world, repository, call.actor, order)
    return _view(call, made)


def _demand_contexts(call: Call, oid: str) -> None:
    """Refuse unless the required contexts pass; without a list, all that reported."""
    statuses = {s.context: s.state for s in call.repository.statuses.get(oid, [])}
    runs = {r.name: r.conclusion or "pending" for r in call.repository.checks.get(oid, [])}
    reported = {**statuses, **runs}
    requested = call.body.get("required_contexts")
    passed = checks.PASSING
    failed = [
        c for c in (reported if requested is None else requested) if reported.get(c) not in passed
    ]
    if failed:
        error = {"resource": "Deployment", "field": "required_contexts", "code": "invalid"}
        text = f"Conflict: Commit status checks failed for {call.body['ref']}."
        raise ApiError(status=409, message=text, kind="CONFLICT", errors=(error,))


def _merged(call: Call, oid: str) -> Reply | None:
    """Merge the default branch into a branch that lacks its commits, as `auto_merge` asks."""
    repository, ref = call.repository, f"refs/heads/{call.body['ref']}"
    tip = repository.git.ref(f"refs/heads/{repository.default_branch}")
    if tip is None or repository.git.ref(ref) is None or repository.history.is_ancestor(tip, oid):
        return None
    branch = call.body["ref"]
    if merging.merge_branch(call.world, repository, call.actor, branch, tip) is None:
        raise conflict(f"Conflict merging {repository.default_branch} into {branch}.")
    text = f"Auto-merged {repository.default_branch} into {branch} on deployment."
    return Reply(status=202, body={"message": text})


@serves("GET " + _ONE, READ)
def get_deployment(call: Call) -> Json:
    """Read a deployment."""
    return _view(call, _deployment(call))


@serves("GET " + _ONE + "/statuses", READ, paged=True)
def list_statuses(call: Call) -> list[Json]:
    """List a deployment's statuses, newest first."""
    deployment = _deployment(call)
    return [_status_view(call, deployment, status) for status in reversed(deployment.statuses)]


@serves("POST " + _ONE + "/statuses", WRITE, status=201, creates=True)
def create_status(call: Call) -> Json:
    """Report on a deployment; a success makes the environment's earlier ones inactive."""
    deployment, body = _deployment(call), call.body
    order = deployments.StatusOrder(
        state=body["state"],
        description=body.get("description", ""),
        environment=body.get("environment", ""),
        log_url=body.get("log_url") or body.get("target_url", ""),
        environment_url=body.get("environment_url", ""),
        auto_inactive=body.get("auto_inactive", True),
    )
    made = deployments.report(call.world, call.repository, call.actor, deployment, order)
    return _status_view(call, deployment, made)
