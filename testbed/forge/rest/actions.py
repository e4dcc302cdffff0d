"""Starting workflows by hand."""

from __future__ import annotations

import hashlib

from testbed.forge.errors import invalid, not_found
from testbed.forge.events import Event
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, web

INPUTS = 25
PROPERTIES = 10


def _view(call: Call, path: str) -> Json:
    number = int(hashlib.sha256(path.encode()).hexdigest()[:8], 16)
    base, page = api(call.world, call.repository), web(call.world, call.repository)
    since = stamp(call.repository.created_at)
    return {
        "id": number,
        "node_id": node_id("W", call.repository.id, number),
        "name": path.rsplit("/", 1)[1],
        "path": path,
        "state": "active",
        "created_at": since,
        "updated_at": since,
        "url": f"{base}/actions/workflows/{number}",
        "html_url": f"{page}/blob/{call.repository.default_branch}/{path}",
        "badge_url": f"{page}/workflows/{number}/badge.svg",
    }


def _found(call: Call) -> str:
    """Return the path of the workflow that the path names by file or number."""
    name = call.parameters["workflow_id"]
    for path in _workflows(call):
        if name in {path.rsplit("/", 1)[1], str(_view(call, path)["id"])}:
            return path
    raise not_found()


def _workflows(call: Call) -> list[str]:
    repository = call.repository
    tip = repository.git.ref(f"refs/heads/{repository.default_branch}")
    root = repository.git.commit(tip).tree if tip else ""
    folder = repository.git.entry(root, ".github/workflows") if root else None
    entries = repository.git.tree(folder.oid) if folder and folder.kind == "tree" else []
    return [f".github/workflows/{e.name}" for e in entries if e.name.endswith((".yml", ".yaml"))]


@serves("GET /repos/{owner}/{repo}/actions/workflows", ("actions", "read"))
def list_workflows(call: Call) -> Json:
    """List the default branch's workflows (one page)."""
    found = [_view(call, path) for path in _workflows(call)]
    return {"total_count": len(found), "workflows": found}


@serves("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}", ("actions", "read"))
def get_workflow(call: Call) -> Json:
    """Read a workflow."""
    return _view(call, _found(call))


@serves(
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    ("actions", "write"),
    status=204,
    creates=True,
)
def workflow_dispatch(call: Call) -> None:
    """Start a workflow on a branch or tag; also the job's own token may."""
    repository, body, path = call.repository, call.body, _found(call)
    oid = repository.git.resolve(body["ref"])
    if oid is None:
        raise invalid(f"No ref found for: {body['ref']}")
    if repository.git.blob(f"{oid}:{path}") is None:
        raise not_found()
    inputs = body.get("inputs") or {}
    if len(inputs) > INPUTS:
        raise invalid(f"you may only define up to {INPUTS} inputs for a workflow_dispatch event")
    call.world.emit(
        Event(
            name="workflow_dispatch",
            repository=repository.full_name,
            actor=call.actor.login,
            token_kind=call.actor.kind,
            ref=body["ref"],
            oid=oid,
            payload={"workflow": path, "inputs": dict(inputs)},
        )
    )


@serves("POST /repos/{owner}/{repo}/dispatches", ("contents", "write"), status=204, creates=True)
def repository_dispatch(call: Call) -> None:
    """Start workflows that listen to a custom event; also the job's own token may."""
    payload = call.body.get("client_payload") or {}
    if len(payload) > PROPERTIES:
        raise invalid(f"No more than {PROPERTIES} properties are allowed in client_payload")
    repository = call.repository
    branch = f"refs/heads/{repository.default_branch}"
    call.world.emit(
        Event(
            name="repository_dispatch",
            action=call.body["event_type"],
            repository=repository.full_name,
            actor=call.actor.login,
            token_kind=call.actor.kind,
            ref=branch,
            oid=repository.git.ref(branch) or "",
            payload={"client_payload": dict(payload)},
        )
    )
