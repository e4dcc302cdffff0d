"""Starting workflows by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from testbed.forge import workflows
from testbed.forge.errors import invalid, not_found
from testbed.forge.events import Event
from testbed.forge.records import WorkflowRun
from testbed.forge.rest import runs
from testbed.forge.rest.actions import found_workflow, workflow_paths
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.runs import RunOrder, start

INPUTS = 25
PROPERTIES = 10
_TRIGGER = "workflow_dispatch"


@serves(
    "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    ("actions", "write"),
    status=204,
    creates=True,
)
def workflow_dispatch(call: Call) -> Reply | None:
    """Start a workflow on a branch or tag; also the job's own token may."""
    repository, body, path = call.repository, call.body, found_workflow(call)
    oid = repository.git.resolve(body["ref"])
    if oid is None:
        raise invalid(f"No ref found for: {body['ref']}")
    data = repository.git.blob(f"{oid}:{path}")
    if data is None:
        raise not_found()
    inputs = dict(body.get("inputs") or {})
    if len(inputs) > INPUTS:
        raise invalid(f"you may only define up to {INPUTS} inputs for a workflow_dispatch event")
    workflow = workflows.parse(path, data)
    _check_inputs(workflow, inputs)
    order = RunOrder(
        path=path,
        name=workflow.name,
        title=workflow.title({"inputs": inputs, "github": {"event": {"inputs": inputs}}}),
        event=_TRIGGER,
        branch=body["ref"].removeprefix("refs/heads/"),
        oid=oid,
        inputs=inputs,
    )
    run = start(call.world, repository, call.actor, order)
    payload = {"workflow": path, "inputs": inputs, "run": run.id}
    call.world.emit(Event(name=_TRIGGER, ref=body["ref"], oid=oid, payload=payload, **_by(call)))
    return _details(call, run) if body.get("return_run_details") else None


def _check_inputs(workflow: workflows.Workflow, inputs: Mapping[str, Any]) -> None:
    """Refuse as GitHub does: no such trigger, inputs too many, required ones missing."""
    if _TRIGGER not in workflow.triggers:
        raise invalid("Workflow does not have 'workflow_dispatch' trigger")
    declared = workflow.triggers[_TRIGGER].get("inputs") or {}
    if unexpected := [name for name in inputs if name not in declared]:
        listed = ", ".join(f'"{name}"' for name in unexpected)
        raise invalid(f"Unexpected inputs provided: [{listed}]")
    for name, about in declared.items():
        required = isinstance(about, dict) and about.get("required") is True
        if required and "default" not in about and not inputs.get(name):
            raise invalid(f"Required input '{name}' not provided")


def _details(call: Call, run: WorkflowRun) -> Reply:
    view = runs.run_view(call, run)
    body = {
        "workflow_run_id": run.id,
        "run_url": view["url"],
        "html_url": view["html_url"],
    }
    return Reply(status=200, body=body)


@serves("POST /repos/{owner}/{repo}/dispatches", ("contents", "write"), status=204, creates=True)
def repository_dispatch(call: Call) -> None:
    """Start workflows that listen to a custom event; also the job's own token may."""
    payload = dict(call.body.get("client_payload") or {})
    if len(payload) > PROPERTIES:
        raise invalid(f"No more than {PROPERTIES} properties are allowed in client_payload")
    repository, kind = call.repository, call.body["event_type"]
    branch = f"refs/heads/{repository.default_branch}"
    oid = repository.git.ref(branch) or ""
    event = Event(
        name="repository_dispatch",
        action=kind,
        ref=branch,
        oid=oid,
        payload={"client_payload": payload},
        **_by(call),
    )
    call.world.emit(event)
    context = {"github": {"event": {"action": kind, "client_payload": payload}}}
    for path in workflow_paths(call):
        workflow = workflows.parse(path, repository.git.blob(f"{oid}:{path}") or b"")
        if _listens(workflow, kind):
            order = RunOrder(
                path=path,
                name=workflow.name,
                title=workflow.title(context),
                event=event.name,
                branch=repository.default_branch,
                oid=oid,
            )
            start(call.world, repository, call.actor, order)


def _listens(workflow: workflows.Workflow, kind: str) -> bool:
    about = workflow.triggers.get("repository_dispatch")
    if about is None:
        return False
    types = about.get("types")
    return types is None or kind in ([types] if isinstance(types, str) else types)


def _by(call: Call) -> dict[str, str]:
    return {
        "repository": call.repository.full_name,
        "actor": call.actor.login,
        "token_kind": call.actor.kind,
    }
