"""Reviews of pull requests: who may give which, which count, and what they come to.

Of each person the newest approval, change request or dismissal counts; a comment changes nothing,
and a dismissal revives no older review (documentation "About pull request reviews" and "About
protected branches"). Only reviews by accounts with write access approve or block.

In a test: `review = repository.review(7, by="bob")`, then
`repository.dismiss(review, by="alice")`, `repository.edit_review(review, "LGTM", by="mallory")`.
"""

from __future__ import annotations

from typing import Literal

from testbed.forge import access
from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError, forbidden, not_found
from testbed.forge.events import Event
from testbed.forge.model import PullRequest
from testbed.forge.records import Edit, Review, ReviewState
from testbed.forge.world import World

ReviewEvent = Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]
STATES: dict[str, ReviewState] = {
    "APPROVE": "APPROVED",
    "REQUEST_CHANGES": "CHANGES_REQUESTED",
    "COMMENT": "COMMENTED",
}
OPINIONS = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
_OWN = {"APPROVED": "approve", "CHANGES_REQUESTED": "request changes on"}


def refused(*reasons: str) -> ApiError:
    """Return the refusal of a review."""
    return ApiError(status=422, message="Unprocessable Entity", errors=reasons)


def create(  # noqa: PLR0913 - the parts of a review
    world: World,
    pull: PullRequest,
    actor: Actor,
    *,
    event: str | None,
    body: str = "",
    commit_oid: str | None = None,
) -> Review:
    """Write a review; without an event it stays pending, visible to its author alone.

    Raises:
        ApiError: 422, an own pull request, an empty text, an unknown commit, a second pending one.
    """
    with pull.repository.lock:
        if event is None and any(_pending_of(review, actor) for review in pull.reviews):
            raise refused("User can only have one pending review per pull request")
        oid = commit_oid or pull.head_oid
        if pull.repository.git.resolve(oid) != oid:
            raise refused("The commit_id is not part of the pull request")
        now = world.now()
        review = Review(
            id=world.next_id(),
            repository_id=pull.repository.id,
            number=pull.number,
            author=actor.account,
            state="PENDING",
            body=body,
            commit_oid=oid,
            created_at=now,
            updated_at=now,
        )
        if event is not None:
            _submit(world, pull, actor, review, event)
        pull.reviews.append(review)
    return review


def _pending_of(review: Review, actor: Actor) -> bool:
    return review.state == "PENDING" and review.author.id == actor.account.id


def submit(  # noqa: PLR0913 - the parts of a review
    world: World,
    pull: PullRequest,
    actor: Actor,
    review: Review,
    *,
    event: str,
    body: str | None,
) -> None:
    """Submit a pending review.

    Raises:
        ApiError: 422, it is submitted already, or as `create`.
    """
    with pull.repository.lock:
        if not _pending_of(review, actor):
            raise refused("Could not submit pull request review.")
        review.body = review.body if body is None else body
        _submit(world, pull, actor, review, event)


def _submit(world: World, pull: PullRequest, actor: Actor, review: Review, event: str) -> None:
    state = STATES[event]
    if actor.account.id == pull.author.id and state in _OWN:
        raise refused(f"Can not {_OWN[state]} your own pull request")
    if actor.kind == "job" and state == "APPROVED" and not pull.repository.actions_may_approve:
        raise refused("GitHub Actions is not permitted to approve pull requests.")
    if state != "APPROVED" and not review.body.strip():
        raise refused("Body can't be blank")
    review.state, review.submitted_at = state, world.now()
    review.updated_at = review.submitted_at
    review.on_behalf_of = _teams(pull, actor, world)
    if actor.account in pull.reviewers:
        pull.reviewers.remove(actor.account)
    _emit(world, pull, actor, review, "submitted")


def _teams(pull: PullRequest, actor: Actor, world: World) -> tuple[str, ...]:
    """The requested teams that the reviewer belongs to."""
    found = access.teams(world, pull.repository)
    login = actor.login
    return tuple(t.slug for t in found if t.slug in pull.teams and login in t.all_members())


def edit(world: World, pull: PullRequest, actor: Actor, review: Review, body: str) -> None:
    """Change the text of a review; people with write access may also edit those of others."""
    own = actor.account.id == review.author.id
    if not own and not access.at_least(world, pull.repository, actor.account, "write"):
        raise forbidden("Must have admin rights to Repository.")
    now = world.now()
    review.body, review.updated_at = body, now
    review.edits.append(Edit(editor=actor.account, at=now, body=body))
    _emit(world, pull, actor, review, "edited")


def dismiss(world: World, pull: PullRequest, actor: Actor, review: Review, message: str) -> None:
    """Dismiss an approval or a change request.

    Raises:
        ApiError: 403, no write access; 422, no message, or it is neither of the two.
    """
    if not access.at_least(world, pull.repository, actor.account, "write"):
        raise forbidden("Must have write access to the repository.")
    if not message.strip():
        raise refused("Message can't be blank")
    if review.state not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise refused(f"Can not dismiss a {review.state.lower()} pull request review")
    review.state, review.updated_at = "DISMISSED", world.now()
    _emit(world, pull, actor, review, "dismissed")


def dismiss_stale(world: World, pull: PullRequest) -> None:
    """Dismiss approvals after a push that changed the diff, where a rule asks for it."""
    actor = Actor(account=world.account("web-flow"), kind="app")
    for review in pull.reviews:
        if review.state == "APPROVED":
            review.state, review.updated_at = "DISMISSED", world.now()
            _emit(world, pull, actor, review, "dismissed")


def delete_pending(pull: PullRequest, actor: Actor, review: Review) -> None:
    """Delete a review that was never submitted.

    Raises:
        ApiError: 422, it was.
    """
    if not _pending_of(review, actor):
        raise refused("Can not delete a non-pending pull request review")
    pull.reviews.remove(review)


def find(pull: PullRequest, number: int, actor: Actor | None) -> Review:
    """Return a review by number.

    Raises:
        ApiError: 404, there is none that this actor sees.
    """
    for review in visible(pull, actor):
        if review.id == number:
            return review
    raise not_found()


def visible(pull: PullRequest, actor: Actor | None) -> list[Review]:
    """The reviews in the order in which they were made; a pending one only for its author."""
    return [
        review
        for review in pull.reviews
        if review.state != "PENDING" or (actor and _pending_of(review, actor))
    ]


def opinions(pull: PullRequest) -> list[Review]:
    """Each person's newest approval, change request or dismissed review."""
    newest: dict[int, Review] = {}
    for review in sorted(pull.reviews, key=_when):
        if review.state in OPINIONS:
            newest[review.author.id] = review
    return list(newest.values())


def _when(review: Review) -> tuple[float, int]:
    return (review.submitted_at.timestamp() if review.submitted_at else 0.0, review.id)


def counting(world: World, pull: PullRequest) -> list[Review]:
    """The opinions of those with write access; an author's own never counts."""
    return [
        review
        for review in opinions(pull)
        if review.author.id != pull.author.id
        and access.at_least(world, pull.repository, review.author, "write")
    ]


def approvals(world: World, pull: PullRequest) -> list[Review]:
    """The approvals that count."""
    return [review for review in counting(world, pull) if review.state == "APPROVED"]


def change_requests(world: World, pull: PullRequest) -> list[Review]:
    """The change requests that block."""
    return [review for review in counting(world, pull) if review.state == "CHANGES_REQUESTED"]


def _emit(world: World, pull: PullRequest, actor: Actor, review: Review, action: str) -> None:
    world.emit(
        Event(
            name="pull_request_review",
            action=action,
            repository=pull.repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            ref=f"refs/pull/{pull.number}/merge",
            oid=pull.head_oid,
            payload={
                "number": pull.number,
                "review": review.id,
                "state": review.state.lower(),
                "fork": pull.cross,
            },
        )
    )
