"""Commits with their accounts, and comparisons."""

from __future__ import annotations

from typing import Any

from testbed.forge.errors import ApiError, conflict, not_found
from testbed.forge.git.history import FileChange
from testbed.forge.rest.contents import commit_at
from testbed.forge.rest.pulls import file_view
from testbed.forge.rest.routing import Call, Reply, page, serves
from testbed.forge.rest.views import Json, api, commit_view, web

READ = ("contents", "read")
FILES = 300
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@serves("GET /repos/{owner}/{repo}/commits", READ, paged=True)
def list_commits(call: Call) -> list[Json]:
    """List commits, newest first, also of one path or author."""
    repository, query = call.repository, call.query
    if not repository.git.refs("refs/heads/"):
        raise conflict("Git Repository is empty.")
    log = repository.history.log(commit_at(call, query.get("sha")), query.get("path", ""))
    found = []
    for commit in log:
        view = commit_view(call.world, repository, commit.oid)
        if _by(view, "author", query.get("author")) and _by(
            view, "committer", query.get("committer")
        ):
            found.append(view)
    if unknown := query.keys() & {"since", "until"}:
        raise ApiError(status=501, message=f"{sorted(unknown)} is not served by the double")
    return found


def _by(view: Json, role: str, requested: str | None) -> bool:
    account = view[role]["login"] if view[role] else None
    return requested in {None, account, view["commit"][role]["email"]}


def _stats(changes: tuple[FileChange, ...]) -> Json:
    added, removed = sum(c.additions for c in changes), sum(c.deletions for c in changes)
    return {"additions": added, "deletions": removed, "total": added + removed}


@serves("GET /repos/{owner}/{repo}/commits/{ref}", READ)
def get_commit(call: Call) -> Any:
    """Read a commit with the files it changes; with the sha media type its id alone."""
    repository, ref = call.repository, call.parameters["ref"]
    oid = repository.git.resolve(ref)
    if oid is None:
        raise ApiError(status=422, message=f"No commit found for SHA: {ref}")
    if ".sha" in call.accept:
        return Reply(body=oid.encode(), content_type="application/vnd.github.sha; charset=utf-8")
    parents = repository.git.commit(oid).parents
    changes = repository.history.changes(parents[0] if parents else _EMPTY_TREE, oid)
    files = [file_view(call, oid, change) for change in changes[:FILES]]
    return commit_view(call.world, repository, oid) | {"stats": _stats(changes), "files": files}


@serves("GET /repos/{owner}/{repo}/compare/{basehead}", READ)
def compare(call: Call) -> Reply:
    """Compare two commits; commits come in pages, files on the first page."""
    repository = call.repository
    names = call.parameters["basehead"].split("...")
    if len(names) != 2:  # noqa: PLR2004 - BASE...HEAD
        raise not_found()
    base, head = (repository.git.resolve(name) for name in names)
    if base is None or head is None:
        raise not_found()
    found = repository.history.compare(base, head)
    if found.merge_base is None:
        raise not_found(f"No common ancestor between {names[0]} and {names[1]}.")
    url = f"{api(call.world, repository)}/compare/{call.parameters['basehead']}"
    html = f"{web(call.world, repository)}/compare/{call.parameters['basehead']}"
    shown, headers = page(call, url, list(found.ahead))
    if not {"page", "per_page"} & call.query.keys():
        shown, headers = list(found.ahead)[:250], {}
    first = call.query.get("page", "1") == "1"
    changes = repository.history.changes(found.merge_base, head) if first else ()
    body = {
        "url": url,
        "html_url": html,
        "permalink_url": f"{web(call.world, repository)}/compare/{base[:7]}...{head[:7]}",
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": commit_view(call.world, repository, base),
        "merge_base_commit": commit_view(call.world, repository, found.merge_base),
        "status": found.status,
        "ahead_by": len(found.ahead),
        "behind_by": found.behind,
        "total_commits": len(found.ahead),
        "commits": [commit_view(call.world, repository, oid) for oid in shown],
        "files": [file_view(call, head, change) for change in changes[:FILES]],
    }
    return Reply(body=body, headers=headers)
