"""What is said and done about a pull request: comments, reviews, timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from testbed.forge import merging
from testbed.forge.errors import not_served
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import repository_by_id
from testbed.forge.model import Happening, PullRequest
from testbed.forge.records import Comment, Review
from testbed.forge.rest.views import node_id, stamp, web

_KINDS = {
    "CLOSED_EVENT": "ClosedEvent",
    "REOPENED_EVENT": "ReopenedEvent",
    "MERGED_EVENT": "MergedEvent",
    "HEAD_REF_DELETED_EVENT": "HeadRefDeletedEvent",
    "ISSUE_COMMENT": "IssueComment",
}


@dataclass(frozen=True)
class TeamNode:
    """A team, by its slug."""

    slug: str


named(Comment, "IssueComment")
named(Review, "PullRequestReview")
named(TeamNode, "Team")
named(Happening, lambda happening: happening.kind)


@field("PullRequest.comments")
def comments(source: PullRequest, _context: Context, _arguments: Arguments) -> Connection:
    """List comments."""
    return Connection(items=_comments(source))


def _comments(pull: PullRequest) -> list[Comment]:
    found = list(pull.repository.comments.values())
    return [comment for comment in found if comment.number == pull.number]


@field("PullRequest.timelineItems", "itemTypes")
def timeline(source: PullRequest, context: Context, arguments: Arguments) -> Connection:
    """List events and comments in the order in which they came."""
    asked = arguments.get("itemTypes") or tuple(_KINDS)
    if unknown := [name for name in asked if name not in _KINDS]:
        refusal = not_served(f"GraphQL timelineItems of {unknown}")
        context.world.problem(refusal.message)
        raise refusal
    kinds = {_KINDS[name] for name in asked}
    found: list[Any] = [item for item in source.timeline if item.kind in kinds]
    if "IssueComment" in kinds:
        found += _comments(source)
    found.sort(key=lambda item: item.at if isinstance(item, Happening) else item.created_at)
    return Connection(items=found)


for _kind in ("ClosedEvent", "ReopenedEvent", "MergedEvent", "HeadRefDeletedEvent"):
    plain(_kind, {"actor": lambda h: h.actor, "createdAt": lambda h: stamp(h.at)})
plain("HeadRefDeletedEvent", {"headRefName": lambda h: h.branch})

plain(
    "IssueComment",
    {
        "databaseId": lambda c: c.id,
        "fullDatabaseId": lambda c: str(c.id),
        "body": lambda c: c.body,
        "author": lambda c: c.author,
        "authorAssociation": lambda _c: "CONTRIBUTOR",
        "includesCreatedEdit": lambda c: c.updated_at != c.created_at,
        "isMinimized": lambda _c: False,
        "minimizedReason": lambda _c: None,
        "reactionGroups": lambda _c: [],
        "createdAt": lambda c: stamp(c.created_at),
        "updatedAt": lambda c: stamp(c.updated_at),
    },
)


@field("IssueComment.id")
def comment_id(source: Comment, _context: Context, _arguments: Arguments) -> str:
    """Return the node id."""
    return node_id("IC", source.repository_id, source.id)


@field("IssueComment.url")
def comment_url(source: Comment, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    repository = repository_by_id(context, str(source.repository_id))
    return f"{web(context.world, repository)}/pull/{source.number}#issuecomment-{source.id}"


@field("IssueComment.viewerDidAuthor")
@field("PullRequest.viewerDidAuthor")
def did_author(source: Any, context: Context, _arguments: Arguments) -> bool:
    """Tell whether the token's account wrote it."""
    return bool(source.author == context.token.account)


@field("PullRequest.reviewRequests")
def review_requests(source: PullRequest, _context: Context, _arguments: Arguments) -> Connection:
    """List who is asked for a review."""
    asked = [*source.reviewers, *(TeamNode(slug) for slug in source.teams)]
    return Connection(items=[Payload({"requestedReviewer": one}) for one in asked])


plain("Team", {"slug": lambda t: t.slug, "name": lambda t: t.slug})


@field("PullRequest.reviews", "states")
def reviews(source: PullRequest, _context: Context, arguments: Arguments) -> Connection:
    """List reviews."""
    states = arguments.get("states")
    return Connection(items=[r for r in source.reviews if not states or r.state in states])


@field("PullRequest.latestReviews")
def latest_reviews(source: PullRequest, _context: Context, _arguments: Arguments) -> Connection:
    """List the newest review of each reviewer who is not asked again."""
    waiting = {account.id for account in source.reviewers}
    newest = {r.author.id: r for r in source.reviews if r.author.id not in waiting}
    return Connection(items=list(newest.values()))


@field("PullRequest.reviewDecision")
def review_decision(source: PullRequest, _context: Context, _arguments: Arguments) -> str | None:
    """Tell what required reviews come to; None where none are required."""
    rules = source.repository.protected_by(source.base)
    if not any(rule.required_reviews for rule in rules):
        return None
    missing = any("approving review" in reason for reason in merging.blockers(source))
    return "REVIEW_REQUIRED" if missing else "APPROVED"


plain(
    "PullRequestReview",
    {
        "author": lambda r: r.author,
        "body": lambda r: r.body,
        "state": lambda r: r.state,
        "commit": lambda _r: None,
        "submittedAt": lambda r: stamp(r.submitted_at),
        "onBehalfOf": lambda _r: Connection(items=[]),
    },
)
