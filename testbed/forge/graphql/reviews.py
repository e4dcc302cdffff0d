"""Reviews: listed, decided, written."""

from __future__ import annotations

from testbed.forge import access, merging, reviews
from testbed.forge.errors import not_found
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import by_id, commit_node, repository_by_id
from testbed.forge.graphql.query import demand
from testbed.forge.graphql.ref_mutations import payload
from testbed.forge.model import PullRequest, Repository
from testbed.forge.records import Review
from testbed.forge.rest.views import node_id, stamp, web

named(Review, "PullRequestReview")

plain(
    "PullRequestReview",
    {
        "id": lambda r: node_id("PRR", r.repository_id, r.id),
        "databaseId": lambda r: r.id,
        "fullDatabaseId": lambda r: str(r.id),
        "author": lambda r: r.author,
        "body": lambda r: r.body,
        "state": lambda r: r.state,
        "createdAt": lambda r: stamp(r.created_at),
        "submittedAt": lambda r: stamp(r.submitted_at),
        "publishedAt": lambda r: stamp(r.submitted_at),
        "updatedAt": lambda r: stamp(r.updated_at),
        "includesCreatedEdit": lambda r: bool(r.edits),
        "editor": lambda r: r.edits[-1].editor if r.edits else None,
        "lastEditedAt": lambda r: stamp(r.edits[-1].at) if r.edits else None,
        "userContentEdits": lambda r: Connection(items=list(reversed(r.edits))),
        "comments": lambda _r: Connection(items=[]),
        "reactionGroups": lambda _r: [],
        "isMinimized": lambda _r: False,
        "minimizedReason": lambda _r: None,
    },
)


def _repository(source: Review, context: Context) -> Repository:
    return repository_by_id(context, str(source.repository_id))


@field("PullRequestReview.pullRequest")
def pull_of(source: Review, context: Context, _arguments: Arguments) -> PullRequest:
    """Return the pull request."""
    return _repository(source, context).pulls[source.number]


@field("PullRequestReview.commit")
def commit(source: Review, context: Context, _arguments: Arguments) -> object:
    """Return the commit that was reviewed."""
    return commit_node(_repository(source, context), source.commit_oid)


@field("PullRequestReview.url")
def url(source: Review, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    page = web(context.world, _repository(source, context))
    return f"{page}/pull/{source.number}#pullrequestreview-{source.id}"


@field("PullRequestReview.viewerDidAuthor")
def did_author(source: Review, context: Context, _arguments: Arguments) -> bool:
    """Return whether the token's account wrote it."""
    return source.author == context.token.account


@field("PullRequestReview.authorAssociation")
def association(source: Review, context: Context, _arguments: Arguments) -> str:
    """Return what the author is to the repository."""
    return access.association(context.world, _repository(source, context), source.author)


@field("PullRequestReview.authorCanPushToRepository")
def can_push(source: Review, context: Context, _arguments: Arguments) -> bool:
    """Return whether the author has write access today."""
    return access.at_least(context.world, _repository(source, context), source.author, "write")


@field("PullRequestReview.onBehalfOf")
def on_behalf_of(source: Review, context: Context, _arguments: Arguments) -> Connection:
    """List the requested teams for which it was given, also without the right `members`."""
    found = access.teams(context.world, _repository(source, context))
    return Connection(items=[team for team in found if team.slug in source.on_behalf_of])


@field("PullRequest.reviewRequests")
def requests(source: PullRequest, context: Context, _arguments: Arguments) -> Connection:
    """List who is asked for a review."""
    found = access.teams(context.world, source.repository)
    teams = [team for team in found if team.slug in source.teams]
    asked = [Payload({"requestedReviewer": one}) for one in (*source.reviewers, *teams)]
    return Connection(items=asked)


@field("PullRequest.reviews", "states", "author")
def listed(source: PullRequest, context: Context, arguments: Arguments) -> Connection:
    """List reviews, oldest first."""
    states, author = arguments.get("states"), arguments.get("author")
    found = [
        review
        for review in reviews.visible(source, context.actor)
        if (not states or review.state in states) and author in {None, review.author.login}
    ]
    return Connection(items=found)


@field("PullRequest.latestReviews", "writersOnly")
def latest(source: PullRequest, context: Context, arguments: Arguments) -> Connection:
    """List the newest review of each reviewer who is not asked again."""
    waiting = {account.id for account in source.reviewers}
    newest = {r.author.id: r for r in reviews.visible(source, None) if r.author.id not in waiting}
    return Connection(items=_writers(source, context, list(newest.values()), arguments))


@field("PullRequest.latestOpinionatedReviews", "writersOnly")
def opinionated(source: PullRequest, context: Context, arguments: Arguments) -> Connection:
    """List each person's newest approval, change request or dismissed review."""
    return Connection(items=_writers(source, context, reviews.opinions(source), arguments))


def _writers(
    pull: PullRequest, context: Context, found: list[Review], arguments: Arguments
) -> list[Review]:
    if not arguments.get("writersOnly"):
        return found
    least = access.at_least
    return [r for r in found if least(context.world, pull.repository, r.author, "write")]


@field("PullRequest.reviewDecision")
def decision(source: PullRequest, context: Context, _arguments: Arguments) -> str | None:
    """Return what required reviews come to; None where none are required."""
    return merging.review_decision(context.world, source)


def _review(context: Context, identifier: str) -> tuple[PullRequest, Review]:
    found = by_id(context, identifier)
    if not isinstance(found, Review):
        raise not_found("Could not resolve to a PullRequestReview")
    repository = _repository(found, context)
    demand(context, repository, "pull_requests", "write")
    return repository.pulls[found.number], found


@field("Mutation.addPullRequestReview", "input")
def add(_source: object, context: Context, arguments: Arguments) -> Payload:
    """Write a review."""
    given = arguments["input"]
    pull = by_id(context, given["pullRequestId"])
    if not isinstance(pull, PullRequest):
        raise not_found("Could not resolve to a PullRequest")
    demand(context, pull.repository, "pull_requests", "write")
    made = reviews.create(
        context.world,
        pull,
        context.actor,
        event=given.get("event"),
        body=given.get("body") or "",
        commit_oid=given.get("commitOID"),
    )
    return payload(given, pullRequestReview=made)


@field("Mutation.dismissPullRequestReview", "input")
def dismiss(_source: object, context: Context, arguments: Arguments) -> Payload:
    """Dismiss a review."""
    given = arguments["input"]
    pull, review = _review(context, given["pullRequestReviewId"])
    reviews.dismiss(context.world, pull, context.actor, review, given["message"])
    return payload(given, pullRequestReview=review)
