"""Decisions that people's own comments state, for a gate without an App.

With the job's token nothing that the gate has written counts: every workflow of the repository,
that of a pull request included, writes as the same account. GitHub vouches for who wrote a
person's comment, and for whether anybody has edited it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gitops_action.core.comments.parse import (
    CommentContext,
    CommentRefusal,
    ParsedCommand,
    is_command,
    parse_comment,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.decisions import Decision, DecisionKind
from gitops_action.core.gates.model import GateName

EDITED = "the comment was edited after it had been written"
_STATED = frozenset({"merge", "override"})


@dataclass(frozen=True, kw_only=True)
class PersonComment:
    """A comment on a pull request by a person's account; `person` is the account's number."""

    login: str
    person: int
    body: str
    created: datetime
    edited: bool = False
    url: str = ""


def stated_decisions(comments: Iterable[PersonComment]) -> tuple[Decision, ...]:
    """What people decided, oldest first; whether they have the right is for the caller.

    The other commands are done by the job that reads the comment, and leave nothing to decide.
    """
    return tuple(_decisions(sorted(comments, key=lambda one: one.created)))


def _decisions(comments: Iterable[PersonComment]) -> Iterator[Decision]:
    for one in comments:
        parsed = _parsed(one)
        if parsed is None or parsed.command.word not in _STATED:
            continue
        gate: GateName | None = parsed.gate or None  # type: ignore[assignment]  # of the grammar's gates
        yield Decision(
            kind=_kind(parsed),
            login=one.login,
            person=one.person,
            at=one.created,
            gate=gate,
            change=parsed.change,
            reason=parsed.reason,
            url=one.url,
            stated=True,
            void=EDITED if one.edited else "",
        )


def _parsed(comment: PersonComment) -> ParsedCommand | None:
    if not is_command(comment.body):
        return None
    try:
        return parse_comment(comment.body, CommentContext(created=comment.created))
    except CommentRefusal:
        return None  # the job that reads comments has answered it


def _kind(parsed: ParsedCommand) -> DecisionKind:
    if parsed.command.word == "override":
        return "override"
    return "merge-off" if parsed.off else "merge"
