"""Issues, and the comments and labels that pull requests share with them."""

from __future__ import annotations

from testbed.forge import pulls
from testbed.forge.actors import Actor
from testbed.forge.errors import invalid, not_found
from testbed.forge.events import Event
from testbed.forge.model import PullRequest, Repository
from testbed.forge.records import Comment, Edit, Issue, Label
from testbed.forge.world import World

COMMENT_LIMIT = 65_536


def find(repository: Repository, number: int) -> Issue:
    """Return an issue by number.

    Raises:
        ApiError: 404; a pull request is none.
    """
    found = repository.issues.get(number)
    if found is None:
        raise not_found()
    return found


def subject(repository: Repository, number: int) -> Issue | PullRequest:
    """Return the issue or the pull request with this number.

    Raises:
        ApiError: 404.
    """
    return repository.issues.get(number) or pulls.find(repository, number)


def create(world: World, repository: Repository, actor: Actor, title: str, body: str) -> Issue:
    """Open an issue.

    Raises:
        ApiError: 422, the title is empty or the body too long.
    """
    _check(title, body)
    now = world.now()
    with repository.lock:
        made = Issue(
            id=world.next_id(),
            repository_id=repository.id,
            number=repository.next_number(),
            title=title,
            body=body,
            author=actor.account,
            created_at=now,
            updated_at=now,
        )
        repository.issues[made.number] = made
    _tell(world, repository, actor, made, "opened")
    return made


def change(world: World, repository: Repository, actor: Actor, issue: Issue, **new: str) -> None:
    """Change title, body or state; closing and opening are events of their own.

    Raises:
        ApiError: 422, the title is empty or the body too long.
    """
    title, body = new.get("title", issue.title), new.get("body", issue.body)
    _check(title, body)
    issue.title, issue.body, issue.updated_at = title, body, world.now()
    state = new.get("state", issue.state)
    if state == issue.state:
        _tell(world, repository, actor, issue, "edited")
        return
    closes = state == "closed"
    issue.closed_at = issue.updated_at if closes else None
    issue.closed_by = actor.account if closes else None
    issue.state_reason = "completed" if closes else "reopened"
    if closes and new.get("state_reason") == "not_planned":
        issue.state_reason = "not_planned"
    _tell(world, repository, actor, issue, "closed" if closes else "reopened")


def _check(title: str, body: str) -> None:
    if not title.strip():
        raise invalid("Validation Failed", resource="Issue", code="missing_field", field="title")
    if len(body) > COMMENT_LIMIT:
        text = f"body is too long (maximum is {COMMENT_LIMIT} characters)"
        raise invalid("Validation Failed", message=text)


def _tell(world: World, repository: Repository, actor: Actor, issue: Issue, action: str) -> None:
    world.emit(
        Event(
            name="issues",
            action=action,
            repository=repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            payload={"number": issue.number},
        )
    )


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
