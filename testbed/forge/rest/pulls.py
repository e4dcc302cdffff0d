"""Pull requests."""

from __future__ import annotations

from typing import Any

from testbed.forge import access, merging, pulls
from testbed.forge.errors import invalid, not_found
from testbed.forge.model import MergeOrder, Proposal, PullRequest
from testbed.forge.rest.pull_views import pull_view, requested_teams
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, commit_view, user, web

READ, WRITE = ("pull_requests", "read"), ("pull_requests", "write")
BODY_LIMIT = 65_536
_PULL = "/repos/{owner}/{repo}/pulls/{pull_number}"


def pull_of(call: Call) -> PullRequest:
    """Return the pull request in the path."""
    return pulls.find(call.repository, call.number("pull_number"))


@serves("GET /repos/{owner}/{repo}/pulls", READ, paged=True)
def list_pulls(call: Call) -> list[Json]:
    """List pull requests by state, head and base."""
    query, repository = call.query, call.repository
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    key = {"updated": "updated_at"}.get(query.get("sort", "created"), "number")
    newest = query.get("direction", "desc" if "sort" not in query else "asc") == "desc"
    found = [
        pull
        for pull in repository.pulls.values()
        if state in {"all", pull.state} and head in {None, pull.label} and base in {None, pull.base}
    ]
    found.sort(key=lambda pull: getattr(pull, key), reverse=newest)
    return [pull_view(call.world, pull) for pull in found]


@serves("POST /repos/{owner}/{repo}/pulls", WRITE, status=201, creates=True)
def create_pull(call: Call) -> Json:
    """Open a pull request."""
    body = call.body
    if len(body.get("body") or "") > BODY_LIMIT:
        raise invalid("Validation Failed", message="body is too long (maximum is 65536 characters)")
    proposal = Proposal(
        title=body.get("title", ""),
        body=body.get("body"),
        head=body["head"],
        base=body["base"],
        draft=body.get("draft", False),
    )
    pull = pulls.create(call.world, call.repository, call.actor, proposal)
    return pull_view(call.world, pull, full=True)


@serves("GET " + _PULL, READ)
def get_pull(call: Call) -> Json:
    """Read one pull request."""
    return pull_view(call.world, pull_of(call), full=True)


@serves("PATCH " + _PULL, WRITE)
def update_pull(call: Call) -> Json:
    """Change title, body, base or state."""
    pull, body = pull_of(call), call.body
    if len(body.get("body") or "") > BODY_LIMIT:
        raise invalid("Validation Failed", message="body is too long (maximum is 65536 characters)")
    with call.repository.lock:
        if "base" in body and body["base"] != pull.base:
            tip = pulls.branch_tip(call.repository, body["base"])
            if tip is None:
                raise invalid("Validation Failed", field="base", code="invalid")
            pull.base, pull.base_oid = body["base"], tip
        pull.title = body.get("title", pull.title)
        pull.body = body.get("body", pull.body)
        pull.updated_at = call.world.now()
        if "title" in body or "body" in body:
            pulls.tell(call.world, pull, call.actor, "edited")
        if body.get("state") == "closed":
            pulls.close(call.world, pull, call.actor)
        elif body.get("state") == "open":
            pulls.reopen(call.world, pull, call.actor)
    return pull_view(call.world, pull, full=True)


@serves("GET " + _PULL + "/merge", READ, ("contents", "read"), status=204)
def is_merged(call: Call) -> None:
    """Return whether it is merged: 204 or 404."""
    if not pull_of(call).merged_at:
        raise not_found()


@serves("PUT " + _PULL + "/merge", ("contents", "write"), creates=True)
def merge_pull(call: Call) -> Json:
    """Merge it."""
    body = call.body
    order = MergeOrder(
        method=body.get("merge_method", "merge"),
        headline=body.get("commit_title"),
        body=body.get("commit_message"),
    )
    oid = merging.merge(call.world, pull_of(call), call.actor, order, body.get("sha"))
    return {"sha": oid, "merged": True, "message": "Pull Request successfully merged"}


@serves("PUT " + _PULL + "/update-branch", WRITE, status=202, creates=True)
def update_branch(call: Call) -> Json:
    """Merge the base into the head."""
    pull = pull_of(call)
    if call.body.get("expected_head_sha", pull.head_oid) != pull.head_oid:
        raise invalid("expected head sha didn't match current head ref.")
    merging.update_branch(call.world, pull, call.actor)
    return {"message": "Updating pull request branch.", "url": pull_view(call.world, pull)["url"]}


@serves("GET " + _PULL + "/files", READ, paged=True)
def pull_files(call: Call) -> list[Json]:
    """List the files it changes."""
    pull, repository = pull_of(call), call.repository
    base = repository.history.merge_base(merging.base_seen(pull), pull.head_oid)
    if base is None:
        return []
    changes = repository.history.changes(base, pull.head_oid)
    return [file_view(call, pull.head_oid, change) for change in changes]


def file_view(call: Call, oid: str, change: Any) -> Json:
    """Write a diff-entry."""
    page, base = web(call.world, call.repository), f"{call.base}/repos/{call.repository.full_name}"
    view = {
        "sha": change.oid,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{oid}/{change.path}",
        "raw_url": f"{page}/raw/{oid}/{change.path}",
        "contents_url": f"{base}/contents/{change.path}?ref={oid}",
    }
    return view | ({"previous_filename": change.previous} if change.previous else {})


@serves("GET " + _PULL + "/commits", READ, paged=True)
def pull_commits(call: Call) -> list[Json]:
    """List its commits, oldest first (at most 250, as GitHub does)."""
    pull = pull_of(call)
    ahead = call.repository.history.compare(merging.base_seen(pull), pull.head_oid).ahead
    return [commit_view(call.world, call.repository, oid) for oid in ahead[:250]]


@serves("GET " + _PULL + "/requested_reviewers", READ)
def requested(call: Call) -> Json:
    """List who is asked for a review."""
    pull = pull_of(call)
    return {
        "users": [user(call.world, account) for account in pull.reviewers],
        "teams": requested_teams(call.world, pull),
    }


@serves("POST " + _PULL + "/requested_reviewers", WRITE, status=201, creates=True)
def request_reviewers(call: Call) -> Json:
    """Ask for reviews; only collaborators and teams of the repository can be asked."""
    pull, repository = pull_of(call), call.repository
    names = call.body.get("reviewers", [])
    teams = call.body.get("team_reviewers", [])
    if pull.author.login in names:
        raise invalid("Review cannot be requested from pull request author.")
    known = {account.login for account in access.collaborators(call.world, repository)}
    if any(name not in known for name in names):
        raise invalid(
            "Reviews may only be requested from collaborators. One or more of the users or "
            f"teams you specified is not a collaborator of the {repository.full_name} repository."
        )
    if not set(teams) <= {team.slug for team in access.teams(call.world, repository)}:
        raise invalid("Could not resolve to a node with the global id of a team")
    with repository.lock:
        accounts = [call.world.account(name) for name in names]
        pull.reviewers += [account for account in accounts if account not in pull.reviewers]
        pull.teams += [team for team in teams if team not in pull.teams]
    return pull_view(call.world, pull)
