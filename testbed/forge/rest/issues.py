"""Issues, and what pull requests share with them: comments, labels and assignees."""

from __future__ import annotations

from typing import Any

from testbed.forge import access, issues, pulls
from testbed.forge.errors import ApiError, forbidden, invalid, not_found
from testbed.forge.model import PullRequest
from testbed.forge.records import Comment, Issue, Label
from testbed.forge.rest.pull_views import label_view, pull_view
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, user, web

READ = (("issues", "read"), ("pull_requests", "read"))
WRITE = (("issues", "write"), ("pull_requests", "write"))
ASSIGNEES = 10
_ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}"


def comment_view(call: Call, comment: Comment) -> Json:
    """Write an issue-comment."""
    kind = "issues" if comment.number in call.repository.issues else "pull"
    base, page = api(call.world, call.repository), web(call.world, call.repository)
    return {
        "id": comment.id,
        "node_id": node_id("IC", call.repository.id, comment.id),
        "url": f"{base}/issues/comments/{comment.id}",
        "html_url": f"{page}/{kind}/{comment.number}#issuecomment-{comment.id}",
        "issue_url": f"{base}/issues/{comment.number}",
        "body": comment.body,
        "user": user(call.world, comment.author),
        "author_association": access.association(call.world, call.repository, comment.author),
        "created_at": stamp(comment.created_at),
        "updated_at": stamp(comment.updated_at),
        "performed_via_github_app": None,
    }


@serves("GET " + _ISSUE, *READ)
def get_issue(call: Call) -> Json:
    """Read an issue, or a pull request as one."""
    return issue_view(call)


@serves("GET /repos/{owner}/{repo}/issues", ("issues", "read"), paged=True)
def list_issues(call: Call) -> list[Json]:
    """List issues and pull requests, newest first."""
    if unknown := call.query.keys() - {"state", "creator", "per_page", "page"}:
        raise ApiError(status=501, message=f"{sorted(unknown)} is not served by the double")
    state, creator = call.query.get("state", "open"), call.query.get("creator")
    repository = call.repository
    every: list[Issue | PullRequest] = [*repository.issues.values(), *repository.pulls.values()]
    found = [
        one for one in every if state in {"all", one.state} and creator in {None, one.author.login}
    ]
    found.sort(key=lambda one: one.number, reverse=True)
    return [_view(call, one) for one in found]


@serves("POST /repos/{owner}/{repo}/issues", ("issues", "write"), status=201, creates=True)
def create_issue(call: Call) -> Json:
    """Open an issue; labels that are unknown are made."""
    title, body = str(call.body["title"]), call.body.get("body") or ""
    if unknown := call.body.keys() - {"title", "body", "labels"}:
        raise ApiError(status=501, message=f"{sorted(unknown)} is not served by the double")
    made = issues.create(call.world, call.repository, call.actor, title, body)
    made.labels = [issues.label(call.world, call.repository, name) for name in _names(call)]
    return _view(call, made)


@serves("PATCH " + _ISSUE, ("issues", "write"))
def update_issue(call: Call) -> Json:
    """Change title, body or state of an issue."""
    known = {"title", "body", "state", "state_reason"}
    if unknown := call.body.keys() - known:
        raise ApiError(status=501, message=f"{sorted(unknown)} is not served by the double")
    found = issues.find(call.repository, call.number("issue_number"))
    new = {name: str(text) for name, text in call.body.items() if text is not None}
    issues.change(call.world, call.repository, call.actor, found, **new)
    return _view(call, found)


def issue_view(call: Call) -> Json:
    """Write what the path names: an issue, or a pull request as one."""
    return _view(call, issues.subject(call.repository, call.number("issue_number")))


def _view(call: Call, subject: Issue | PullRequest) -> Json:
    return _issue(call, subject) if isinstance(subject, Issue) else _pull(call, subject)


def _issue(call: Call, issue: Issue) -> Json:
    base = f"{api(call.world, call.repository)}/issues/{issue.number}"
    return {
        "id": issue.id,
        "node_id": node_id("I", call.repository.id, issue.number),
        "number": issue.number,
        "state": issue.state,
        "state_reason": issue.state_reason,
        "locked": False,
        "title": issue.title,
        "body": issue.body,
        "user": user(call.world, issue.author),
        "labels": [label_view(call.world, call.repository, one) for one in issue.labels],
        "assignee": None,
        "assignees": [user(call.world, one) for one in issue.assignees],
        "milestone": None,
        "html_url": f"{web(call.world, call.repository)}/issues/{issue.number}",
        "comments_url": f"{base}/comments",
        "created_at": stamp(issue.created_at),
        "updated_at": stamp(issue.updated_at),
        "closed_at": stamp(issue.closed_at) if issue.closed_at else None,
        "closed_by": user(call.world, issue.closed_by) if issue.closed_by else None,
        "author_association": access.association(call.world, call.repository, issue.author),
        "active_lock_reason": None,
        "url": base,
        "repository_url": api(call.world, call.repository),
        "labels_url": base + "/labels{/name}",
        "events_url": f"{base}/events",
        "comments": _count(call, issue.number),
    }


def _count(call: Call, number: int) -> int:
    return sum(one.number == number for one in call.repository.comments.values())


def _pull(call: Call, pull: PullRequest) -> Json:
    view = pull_view(call.world, pull)
    base = f"{api(call.world, call.repository)}/issues/{pull.number}"
    kept = (
        *("id", "node_id", "number", "state", "locked", "title", "body", "user", "labels"),
        *("assignee", "assignees", "milestone", "html_url", "comments_url", "created_at"),
        *("updated_at", "closed_at", "author_association", "active_lock_reason"),
    )
    there = {"url", "html_url", "diff_url", "patch_url", "merged_at"}
    return {
        **{key: view[key] for key in kept},
        "url": base,
        "repository_url": api(call.world, call.repository),
        "labels_url": base + "/labels{/name}",
        "events_url": f"{base}/events",
        "comments": _count(call, pull.number),
        "pull_request": {key: view[key] for key in there},
    }


def _comments(call: Call) -> list[Comment]:
    number = issues.subject(call.repository, call.number("issue_number")).number
    found = call.repository.comments.values()
    return [comment for comment in found if comment.number == number]


@serves("GET " + _ISSUE + "/comments", *READ, paged=True)
def list_comments(call: Call) -> list[Json]:
    """List comments, oldest first."""
    if "since" in call.query:
        raise ApiError(status=501, message="comments with `since` is not served by the double")
    return [comment_view(call, comment) for comment in _comments(call)]


@serves("POST " + _ISSUE + "/comments", *WRITE, status=201, creates=True)
def create_comment(call: Call) -> Json:
    """Write a comment."""
    number = issues.subject(call.repository, call.number("issue_number")).number
    body = call.body["body"]
    made = issues.comment(call.world, call.repository, call.actor, number, body)
    return comment_view(call, made)


def _comment(call: Call) -> Comment:
    found = call.repository.comments.get(call.number("comment_id"))
    if found is None:
        raise not_found()
    return found


@serves("GET " + _COMMENT, *READ)
def get_comment(call: Call) -> Json:
    """Read a comment."""
    return comment_view(call, _comment(call))


@serves("PATCH " + _COMMENT, *WRITE)
def update_comment(call: Call) -> Json:
    """Change a comment; Apps may change only their own."""
    comment, token = _comment(call), call.token
    if token and token.signs and token.account != comment.author:
        raise forbidden()
    issues.edit(call.world, comment, call.actor, call.body["body"])
    return comment_view(call, comment)


@serves("DELETE " + _COMMENT, *WRITE, status=204)
def delete_comment(call: Call) -> None:
    """Delete a comment."""
    del call.repository.comments[_comment(call).id]


def _names(call: Call) -> list[str]:
    given: Any = call.body.get("labels", [])
    return [item["name"] if isinstance(item, dict) else item for item in given]


@serves("GET " + _ISSUE + "/labels", *READ, paged=True)
def list_issue_labels(call: Call) -> list[Json]:
    """List a pull request's labels."""
    pull = pulls.find(call.repository, call.number("issue_number"))
    return [label_view(call.world, call.repository, label) for label in pull.labels]


@serves("POST " + _ISSUE + "/labels", *WRITE, creates=True)
def add_labels(call: Call) -> list[Json]:
    """Put labels on; unknown ones are made."""
    pull = pulls.find(call.repository, call.number("issue_number"))
    with call.repository.lock:
        for name in _names(call):
            label = issues.label(call.world, call.repository, name)
            if label not in pull.labels:
                pull.labels.append(label)
        pulls.tell(call.world, pull, call.actor, "labeled")
    return [label_view(call.world, call.repository, label) for label in pull.labels]


@serves("DELETE " + _ISSUE + "/labels/{name}", *WRITE)
def remove_label(call: Call) -> list[Json]:
    """Take a label off."""
    pull = pulls.find(call.repository, call.number("issue_number"))
    kept = [label for label in pull.labels if label.name != call.parameters["name"]]
    if len(kept) == len(pull.labels):
        raise not_found("Label does not exist")
    pull.labels = kept
    return [label_view(call.world, call.repository, label) for label in kept]


@serves("GET /repos/{owner}/{repo}/labels", *READ, paged=True)
def list_labels(call: Call) -> list[Json]:
    """List the repository's labels."""
    found = call.repository.labels.values()
    return [label_view(call.world, call.repository, label) for label in found]


@serves("GET /repos/{owner}/{repo}/labels/{name}", *READ)
def get_label(call: Call) -> Json:
    """Read a label."""
    found = call.repository.labels.get(call.parameters["name"].lower())
    if found is None:
        raise not_found()
    return label_view(call.world, call.repository, found)


@serves("POST /repos/{owner}/{repo}/labels", *WRITE, status=201, creates=True)
def create_label(call: Call) -> Json:
    """Make a label."""
    name, body = call.body["name"], call.body
    with call.repository.lock:
        if name.lower() in call.repository.labels:
            raise invalid(
                "Validation Failed", resource="Label", code="already_exists", field="name"
            )
        made = Label(
            id=call.world.next_id(),
            name=name,
            color=body.get("color", "ededed"),
            description=body.get("description"),
        )
        call.repository.labels[name.lower()] = made
    return label_view(call.world, call.repository, made)


@serves("POST " + _ISSUE + "/assignees", *WRITE, status=201, creates=True)
def add_assignees(call: Call) -> Json:
    """Assign people, at most ten; those without access are left out silently, as GitHub does."""
    pull = pulls.find(call.repository, call.number("issue_number"))
    known = {account.login for account in access.collaborators(call.world, call.repository)}
    for name in call.body.get("assignees", []):
        account = call.world.account(name) if name in known else None
        if account and account not in pull.assignees and len(pull.assignees) < ASSIGNEES:
            pull.assignees.append(account)
    return issue_view(call)
