"""Reviews: written, submitted, edited, dismissed."""

from __future__ import annotations

from testbed.forge import access, reviews
from testbed.forge.model import PullRequest
from testbed.forge.records import Review
from testbed.forge.rest.pulls import READ, WRITE, pull_of
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, user, web

_REVIEWS = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
_ONE = _REVIEWS + "/{review_id}"


def review_view(call: Call, pull: PullRequest, review: Review) -> Json:
    """Write a review; a pending one has no time of submission."""
    page = f"{web(call.world, pull.repository)}/pull/{pull.number}"
    url = f"{api(call.world, pull.repository)}/pulls/{pull.number}"
    html = f"{page}#pullrequestreview-{review.id}"
    submitted = {"submitted_at": stamp(review.submitted_at)} if review.submitted_at else {}
    return {
        "id": review.id,
        "node_id": node_id("PRR", pull.repository.id, review.id),
        "user": user(call.world, review.author),
        "body": review.body,
        "state": review.state,
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        **submitted,
        "commit_id": review.commit_oid,
        "author_association": access.association(call.world, pull.repository, review.author),
    }


def _found(call: Call) -> tuple[PullRequest, Review]:
    pull = pull_of(call)
    actor = call.actor if call.token else None
    return pull, reviews.find(pull, call.number("review_id"), actor)


@serves("GET " + _REVIEWS, READ, paged=True)
def list_reviews(call: Call) -> list[Json]:
    """List reviews, oldest first."""
    pull = pull_of(call)
    found = reviews.visible(pull, call.actor if call.token else None)
    return [review_view(call, pull, review) for review in found]


@serves("GET " + _ONE, READ)
def get_review(call: Call) -> Json:
    """Read a review."""
    return review_view(call, *_found(call))


@serves("POST " + _REVIEWS, WRITE, creates=True)
def create_review(call: Call) -> Json:
    """Write a review."""
    pull, body = pull_of(call), call.body
    made = reviews.create(
        call.world,
        pull,
        call.actor,
        event=body.get("event"),
        body=body.get("body", ""),
        commit_oid=body.get("commit_id"),
    )
    return review_view(call, pull, made)


@serves("PUT " + _ONE, WRITE)
def update_review(call: Call) -> Json:
    """Change a review's text."""
    pull, review = _found(call)
    reviews.edit(call.world, pull, call.actor, review, call.body["body"])
    return review_view(call, pull, review)


@serves("DELETE " + _ONE, WRITE)
def delete_review(call: Call) -> Json:
    """Delete a review that was never submitted."""
    pull, review = _found(call)
    reviews.delete_pending(pull, call.actor, review)
    return review_view(call, pull, review)


@serves("POST " + _ONE + "/events", WRITE, creates=True)
def submit_review(call: Call) -> Json:
    """Submit a pending review."""
    pull, review = _found(call)
    text = call.body.get("body")
    reviews.submit(call.world, pull, call.actor, review, event=call.body["event"], body=text)
    return review_view(call, pull, review)


@serves("PUT " + _ONE + "/dismissals", WRITE)
def dismiss_review(call: Call) -> Json:
    """Dismiss a review."""
    pull, review = _found(call)
    reviews.dismiss(call.world, pull, call.actor, review, call.body["message"])
    return review_view(call, pull, review)
