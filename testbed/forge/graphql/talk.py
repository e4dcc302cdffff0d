"""What is written and done on a pull request: comments and timeline."""

from __future__ import annotations

from typing import Any

from testbed.forge import access
from testbed.forge.errors import not_served
from testbed.forge.graphql.connections import Connection
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import repository_by_id
from testbed.forge.model import Happening, PullRequest
from testbed.forge.records import Comment, Edit
from testbed.forge.rest.views import node_id, stamp, web

_KINDS = {
    "CLOSED_EVENT": "ClosedEvent",
    "REOPENED_EVENT": "ReopenedEvent",
    "MERGED_EVENT": "MergedEvent",
    "HEAD_REF_DELETED_EVENT": "HeadRefDeletedEvent",
    "ADDED_TO_MERGE_QUEUE_EVENT": "AddedToMergeQueueEvent",
    "REMOVED_FROM_MERGE_QUEUE_EVENT": "RemovedFromMergeQueueEvent",
    "ISSUE_COMMENT": "IssueComment",
}


named(Comment, "IssueComment")
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
for _kind in ("AddedToMergeQueueEvent", "RemovedFromMergeQueueEvent"):
    plain(_kind, {"actor": lambda h: h.actor, "createdAt": lambda h: stamp(h.at)})
plain("RemovedFromMergeQueueEvent", {"reason": lambda h: h.reason})
plain("HeadRefDeletedEvent", {"headRefName": lambda h: h.branch})

plain(
    "IssueComment",
    {
        "databaseId": lambda c: c.id,
        "fullDatabaseId": lambda c: str(c.id),
        "body": lambda c: c.body,
        "author": lambda c: c.author,
        "includesCreatedEdit": lambda c: bool(c.edits),
        "editor": lambda c: c.edits[-1].editor if c.edits else None,
        "lastEditedAt": lambda c: stamp(c.edits[-1].at) if c.edits else None,
        "userContentEdits": lambda c: Connection(items=list(reversed(c.edits))),
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
@field("Issue.viewerDidAuthor")
def did_author(source: Any, context: Context, _arguments: Arguments) -> bool:
    """Return whether the token's account wrote it."""
    return bool(source.author == context.token.account)


@field("IssueComment.authorAssociation")
def author_association(source: Comment, context: Context, _arguments: Arguments) -> str:
    """Return what the author is to the repository."""
    repository = repository_by_id(context, str(source.repository_id))
    return access.association(context.world, repository, source.author)


named(Edit, "UserContentEdit")
plain(
    "UserContentEdit",
    {
        "editor": lambda e: e.editor,
        "editedAt": lambda e: stamp(e.at),
        "createdAt": lambda e: stamp(e.at),
        "updatedAt": lambda e: stamp(e.at),
        "deletedAt": lambda _e: None,
        "diff": lambda e: e.body,
    },
)
