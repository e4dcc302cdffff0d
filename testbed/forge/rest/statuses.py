"""Commit statuses."""

from __future__ import annotations

from testbed.forge import merging
from testbed.forge.errors import invalid, not_found
from testbed.forge.records import Status
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, repository_view, stamp, user

READ, WRITE = ("statuses", "read"), ("statuses", "write")
DESCRIPTION_LIMIT = 140


def _view(call: Call, status: Status) -> Json:
    return {
        "id": status.id,
        "node_id": node_id("SC", call.repository.id, status.id),
        "url": f"{api(call.world, call.repository)}/statuses/{status.oid}",
        "avatar_url": f"{call.world.url}/avatars/{status.creator.id}",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "created_at": stamp(status.created_at),
        "updated_at": stamp(status.created_at),
    }


def _oid(call: Call) -> str:
    oid = call.repository.git.resolve(call.parameters["ref"])
    if oid is None:
        raise not_found()
    return oid


@serves("POST /repos/{owner}/{repo}/statuses/{sha}", WRITE, status=201, creates=True)
def create_status(call: Call) -> Json:
    """Set a status on a commit."""
    repository, body, oid = call.repository, call.body, call.parameters["sha"]
    if repository.git.resolve(oid) != oid:
        raise invalid(f"No commit found for SHA: {oid}")
    if len(body.get("description") or "") > DESCRIPTION_LIMIT:
        text = f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"
        raise invalid("Validation Failed", message=text)
    status = Status(
        id=call.world.next_id(),
        oid=oid,
        state=body["state"],
        context=body.get("context", "default"),
        description=body.get("description"),
        target_url=body.get("target_url"),
        creator=call.actor.account,
        created_at=call.world.now(),
    )
    merging.add_status(call.world, repository, status, call.actor)
    return _view(call, status) | {"creator": user(call.world, status.creator)}


@serves("GET /repos/{owner}/{repo}/commits/{ref}/statuses", READ, paged=True)
def list_statuses(call: Call) -> list[Json]:
    """List a commit's statuses, newest first."""
    found = reversed(call.repository.statuses.get(_oid(call), []))
    return [_view(call, s) | {"creator": user(call.world, s.creator)} for s in found]


@serves("GET /repos/{owner}/{repo}/commits/{ref}/status", READ)
def combined_status(call: Call) -> Json:
    """Read the newest status of each context and what they come to."""
    oid, base = _oid(call), api(call.world, call.repository)
    latest = {s.context: s for s in call.repository.statuses.get(oid, [])}
    states = {status.state for status in latest.values()}
    state = "success" if states == {"success"} else "pending"
    return {
        "state": "failure" if states & {"failure", "error"} else state,
        "sha": oid,
        "total_count": len(latest),
        "statuses": [_view(call, status) for status in latest.values()],
        "repository": repository_view(call.world, call.repository),
        "commit_url": f"{base}/commits/{oid}",
        "url": f"{base}/commits/{oid}/status",
    }
