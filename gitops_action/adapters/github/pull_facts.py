"""Pull requests as GitHub tells of them, by GraphQL and by REST."""

from __future__ import annotations

from datetime import datetime, timedelta

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.branches import PullRequestFacts, PullRequestState

_SAME_MOMENT = timedelta(seconds=1)
_STATES: dict[str, PullRequestState] = {"OPEN": "open", "CLOSED": "closed", "MERGED": "merged"}


def pull_request(node: Reply) -> PullRequestFacts:
    """Make the facts of a GraphQL pull request."""
    state = _STATES[node.text("state")]
    closed_by, by_deletion = _closed(node) if state == "closed" else ("", False)
    return PullRequestFacts(
        number=node.number("number"),
        node_id=node.text("id"),
        url=node.text("url"),
        state=state,
        head_oid=node.text("headRefOid"),
        base_ref=node.text("baseRefName"),
        title=node.text("title"),
        body=node.text("body"),
        author_login=actor(node.at("author")),
        closed_by=closed_by,
        closed_by_deletion=by_deletion,
        merge_oid=node.at("mergeCommit").text("oid"),
        draft=node.flag("isDraft"),
        labels=tuple(label.text("name") for label in node.at("labels").each("nodes")),
    )


def _closed(node: Reply) -> tuple[str, bool]:
    """Return who closed it last, and whether that was the deletion of its branch."""
    events = tuple(node.at("timelineItems").each("nodes"))
    closed = [event for event in events if event.text("__typename") == "ClosedEvent"]
    if not closed:
        return "", False
    last = closed[-1]
    who, when = actor(last.at("actor")), datetime.fromisoformat(last.text("createdAt"))
    deleted = any(
        event.text("__typename") == "HeadRefDeletedEvent"
        and actor(event.at("actor")) == who
        and abs(datetime.fromisoformat(event.text("createdAt")) - when) <= _SAME_MOMENT
        for event in events
    )
    return who, deleted


def actor(node: Reply) -> str:
    """Return the login as REST and `viewer` write it: GraphQL leaves `[bot]` off an actor's."""
    login = node.text("login")
    bare = node.text("__typename") == "Bot" and not login.endswith("[bot]")
    return f"{login}[bot]" if bare else login


def pull_request_from_rest(node: Reply) -> PullRequestFacts:
    """Make the facts of a REST pull request, without who closed it."""
    state: PullRequestState = "open"
    if node.text("state") != "open":
        state = "merged" if node.text("merged_at") else "closed"
    return PullRequestFacts(
        number=node.number("number"),
        node_id=node.text("node_id"),
        url=node.text("html_url"),
        state=state,
        head_oid=node.at("head").text("sha"),
        base_ref=node.at("base").text("ref"),
        title=node.text("title"),
        body=node.text("body"),
        author_login=node.at("user").text("login"),
        merge_oid=node.text("merge_commit_sha") if state == "merged" else "",
        draft=node.flag("draft"),
        labels=tuple(label.text("name") for label in node.each("labels")),
    )


def open_pull_request(
    client: GitHubClient, repository: str, branch: str, base: str
) -> PullRequestFacts | None:
    """Return the open pull request from `branch` to `base`. One try; raises RequestFailure."""
    owner = client.path(repository).split("/")[2]
    query = {"head": f"{owner}:{branch}", "base": base, "state": "open"}
    answer = client.rest("GET", client.path(repository, "pulls"), query=query)
    for node in replies(answer):
        if node.at("head").text("ref") == branch:
            return pull_request_from_rest(node)
    return None
