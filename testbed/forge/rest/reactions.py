"""Reactions to comments on issues and pull requests."""

from __future__ import annotations

from testbed.forge.rest.issues import WRITE
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, node_id, stamp, user


@serves(
    "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    *WRITE,
    status=201,
)
def react(call: Call) -> Json:
    """Add a reaction to a comment."""
    comment, content = call.number("comment_id"), call.body["content"]
    call.repository.reactions.setdefault(comment, []).append(content)
    made = call.world.next_id()
    return {
        "id": made,
        "node_id": node_id("REA", made),
        "user": user(call.world, call.actor.account),
        "content": content,
        "created_at": stamp(call.world.now()),
    }
