"""Comments, labels and assignees, which pull requests share with issues."""

from __future__ import annotations

from testbed.forge.actors import Actor
from testbed.forge.errors import invalid
from testbed.forge.events import Event
from testbed.forge.model import Repository
from testbed.forge.records import Comment, Edit, Label
from testbed.forge.world import World

COMMENT_LIMIT = 65_536


def check_body(body: str) -> None:
    """Refuse an empty or too long comment.

    Raises:
        ApiError: 422.
    """
    if not body.strip():
        raise invalid("Validation Failed", message="Body can't be blank")
    if len(body) > COMMENT_LIMIT:
        text = f"Body is too long (maximum is {COMMENT_LIMIT} characters)"
        raise invalid("Validation Failed", message=text)


def comment(world: World, repository: Repository, actor: Actor, number: int, body: str) -> Comment:
    """Write a comment.

    Raises:
        ApiError: 422, it is empty or too long.
    """
    check_body(body)
    now = world.now()
    with repository.lock:
        made = Comment(
            id=world.next_id(),
            repository_id=repository.id,
            number=number,
            body=body,
            author=actor.account,
            created_at=now,
            updated_at=now,
        )
        repository.comments[made.id] = made
    world.emit(
        Event(
            name="issue_comment",
            action="created",
            repository=repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            payload={"number": number, "comment": made.id, "body": body},
        )
    )
    return made


def edit(world: World, comment: Comment, actor: Actor, body: str) -> None:
    """Change a comment; GitHub keeps who did (GraphQL `editor`).

    Raises:
        ApiError: 422, it is empty or too long.
    """
    check_body(body)
    comment.body, comment.updated_at = body, world.now()
    comment.edits.append(Edit(editor=actor.account, at=comment.updated_at, body=body))


def label(world: World, repository: Repository, name: str) -> Label:
    """Find a label, or make it as GitHub does when an unknown one is put on an issue."""
    with repository.lock:
        known = repository.labels.get(name.lower())
        if known is None:
            known = repository.labels[name.lower()] = Label(id=world.next_id(), name=name)
        return known
