"""The workflows of a repository."""

from __future__ import annotations

import hashlib

from testbed.forge.errors import not_found
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, web


def workflow_number(path: str) -> int:
    """The number of a workflow."""
    return int(hashlib.sha256(path.encode()).hexdigest()[:8], 16)


def _view(call: Call, path: str) -> Json:
    number = workflow_number(path)
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


def found_workflow(call: Call) -> str:
    """Return the path of the workflow that the path names by file or number."""
    name = call.parameters["workflow_id"]
    for path in workflow_paths(call):
        if name in {path.rsplit("/", 1)[1], str(_view(call, path)["id"])}:
            return path
    raise not_found()


def workflow_paths(call: Call) -> list[str]:
    """Return the paths of the default branch's workflow files."""
    repository = call.repository
    tip = repository.git.ref(f"refs/heads/{repository.default_branch}")
    root = repository.git.commit(tip).tree if tip else ""
    folder = repository.git.entry(root, ".github/workflows") if root else None
    entries = repository.git.tree(folder.oid) if folder and folder.kind == "tree" else []
    return [f".github/workflows/{e.name}" for e in entries if e.name.endswith((".yml", ".yaml"))]


@serves("GET /repos/{owner}/{repo}/actions/workflows", ("actions", "read"))
def list_workflows(call: Call) -> Json:
    """List the default branch's workflows (one page)."""
    found = [_view(call, path) for path in workflow_paths(call)]
    return {"total_count": len(found), "workflows": found}


@serves("GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}", ("actions", "read"))
def get_workflow(call: Call) -> Json:
    """Read a workflow."""
    return _view(call, found_workflow(call))
