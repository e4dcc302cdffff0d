"""Mutations of pull requests."""

from __future__ import annotations

from typing import Any, get_args

from testbed.forge import issues, merging, pulls
from testbed.forge.errors import conflict, invalid, not_found
from testbed.forge.graphql.connections import Payload
from testbed.forge.graphql.fields import Arguments, Context, field
from testbed.forge.graphql.nodes import by_id
from testbed.forge.graphql.query import demand
from testbed.forge.graphql.ref_mutations import payload
from testbed.forge.model import MergeOrder, Proposal, PullRequest, Repository
from testbed.forge.rulesets import MergeMethod


def _pull(context: Context, identifier: str) -> PullRequest:
    found = by_id(context, identifier)
    if not isinstance(found, PullRequest):
        raise not_found(
            f"Could not resolve to PullRequest node with the global id of '{identifier}'"
        )
    demand(context, found.repository, "pull_requests", "write")
    return found


def _order(given: Arguments) -> MergeOrder:
    name = str(given["mergeMethod"]).lower()
    return MergeOrder(
        method=next(method for method in get_args(MergeMethod) if method == name),
        headline=given.get("commitHeadline"),
        body=given.get("commitBody"),
    )


@field("Mutation.createPullRequest", "input")
def create(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Open a pull request."""
    given = arguments["input"]
    repository = by_id(context, given["repositoryId"])
    if not isinstance(repository, Repository):
        raise not_found("Could not resolve to a Repository")
    demand(context, repository, "pull_requests", "write")
    proposal = Proposal(
        title=given["title"],
        body=given.get("body"),
        head=given["headRefName"],
        base=given["baseRefName"],
        draft=bool(given.get("draft")),
    )
    pull = pulls.create(context.world, repository, context.actor, proposal)
    return payload(given, pullRequest=pull)


@field("Mutation.updatePullRequest", "input")
def update(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Change title and body."""
    given = arguments["input"]
    pull = _pull(context, given["pullRequestId"])
    if extra := given.keys() - {"pullRequestId", "clientMutationId", "title", "body"}:
        raise invalid(f"updatePullRequest with {sorted(extra)} is not served by the double")
    pull.title = given.get("title") or pull.title
    pull.body = given.get("body", pull.body)
    pull.updated_at = context.world.now()
    pulls.tell(context.world, pull, context.actor, "edited")
    return payload(given, pullRequest=pull, actor=context.token.account)


@field("Mutation.closePullRequest", "input")
def close(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Close a pull request."""
    pull = _pull(context, arguments["input"]["pullRequestId"])
    with pull.repository.lock:
        pulls.close(context.world, pull, context.actor)
    return payload(arguments["input"], pullRequest=pull)


@field("Mutation.reopenPullRequest", "input")
def reopen(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Reopen a pull request."""
    pull = _pull(context, arguments["input"]["pullRequestId"])
    with pull.repository.lock:
        pulls.reopen(context.world, pull, context.actor)
    return payload(arguments["input"], pullRequest=pull)


@field("Mutation.mergePullRequest", "input")
def merge(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Merge a pull request."""
    given = arguments["input"]
    pull = _pull(context, given["pullRequestId"])
    demand(context, pull.repository, "contents", "write")
    sha = given.get("expectedHeadOid")
    merging.merge(context.world, pull, context.actor, _order(given), sha)
    return payload(given, pullRequest=pull, actor=context.token.account)


@field("Mutation.addComment", "input")
def add_comment(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Comment on a pull request."""
    given = arguments["input"]
    pull = _pull(context, given["subjectId"])
    comment = issues.comment(
        context.world, pull.repository, context.actor, pull.number, given["body"]
    )
    edge = Payload({"node": comment, "cursor": str(comment.id)})
    return payload(given, commentEdge=edge, subject=pull)


@field("Mutation.enablePullRequestAutoMerge", "input")
def enable_auto_merge(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Let GitHub merge it when its requirements are met."""
    given = arguments["input"]
    pull = _pull(context, given["pullRequestId"])
    demand(context, pull.repository, "contents", "write")
    with pull.repository.lock:
        if given.get("expectedHeadOid") not in {None, pull.head_oid}:
            raise conflict("Head sha has changed")
        merging.enable_auto_merge(context.world, pull, context.actor, _order(given))
    return payload(given, pullRequest=pull, actor=context.token.account)


@field("Mutation.disablePullRequestAutoMerge", "input")
def disable_auto_merge(_source: Any, context: Context, arguments: Arguments) -> Payload:
    """Take the standing order back."""
    pull = _pull(context, arguments["input"]["pullRequestId"])
    if pull.auto_merge is None:
        raise invalid("Can't disable auto-merge for this pull request")
    pull.auto_merge = None
    pulls.tell(context.world, pull, context.actor, "auto_merge_disabled")
    return payload(arguments["input"], pullRequest=pull, actor=context.token.account)
