"""Issues that are no pull requests."""

from __future__ import annotations

from testbed.forge.errors import not_found
from testbed.forge.graphql.connections import Connection
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import repository_by_id
from testbed.forge.graphql.query import demand
from testbed.forge.model import Repository
from testbed.forge.records import Issue
from testbed.forge.rest.views import node_id, stamp, web

named(Issue, "Issue")
_ORDER = {"CREATED_AT": "number", "UPDATED_AT": "updated_at"}


@field("Repository.issues", "states", "orderBy", "labels")
def issues(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List issues; without an order the oldest first."""
    demand(context, source, "issues")
    states, labels = arguments.get("states"), set(arguments.get("labels") or ())
    order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    found = [
        one
        for one in source.issues.values()
        if (not states or one.state.upper() in states)
        and (not labels or labels & {label.name for label in one.labels})
    ]
    key = _ORDER[order["field"]]
    found.sort(key=lambda one: getattr(one, key), reverse=order["direction"] == "DESC")
    return Connection(items=found)


@field("Repository.issue", "number")
def issue(source: Repository, context: Context, arguments: Arguments) -> Issue:
    """Find an issue by number."""
    demand(context, source, "issues")
    number = arguments["number"]
    if number not in source.issues:
        raise not_found(f"Could not resolve to an Issue with the number of {number}.")
    return source.issues[number]


@field("Issue.comments")
def comments(source: Issue, context: Context, _arguments: Arguments) -> Connection:
    """List comments."""
    repository = repository_by_id(context, str(source.repository_id))
    found = [one for one in repository.comments.values() if one.number == source.number]
    return Connection(items=found)


@field("Issue.id")
def issue_id(source: Issue, _context: Context, _arguments: Arguments) -> str:
    """Return the node id."""
    return node_id("I", source.repository_id, source.number)


@field("Issue.url")
def issue_url(source: Issue, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    repository = repository_by_id(context, str(source.repository_id))
    return f"{web(context.world, repository)}/issues/{source.number}"


plain(
    "Issue",
    {
        "databaseId": lambda i: i.id,
        "number": lambda i: i.number,
        "title": lambda i: i.title,
        "body": lambda i: i.body,
        "state": lambda i: i.state.upper(),
        "author": lambda i: i.author,
        "labels": lambda i: Connection(items=i.labels),
        "createdAt": lambda i: stamp(i.created_at),
        "updatedAt": lambda i: stamp(i.updated_at),
        "closedAt": lambda i: stamp(i.closed_at) if i.closed_at else None,
    },
)
