"""Starting workflows by hand."""

from __future__ import annotations

from testbed.forge.errors import invalid, not_found
from testbed.forge.events import Event
from testbed.forge.rest.routing import Call, serves

INPUTS = 25
PROPERTIES = 10


@serves(
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    ("actions", "write"),
    status=204,
    creates=True,
)
def workflow_dispatch(call: Call) -> None:
    """Start a workflow on a branch or tag; also the job's own token may."""
    repository, body, name = call.repository, call.body, call.parameters["workflow_id"]
    oid = repository.git.resolve(body["ref"])
    path = f".github/workflows/{name}"
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
