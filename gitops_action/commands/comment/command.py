"""`comment`: does what one `/gitops` comment asks for.

It takes the comment's text as the event has it, reads it by the grammar, checks the rights of who
asks, calls the command, and reacts. It replies on refusal, and where an answer was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gitops_action.core.comments.grammar import PREFIX, Word
from gitops_action.core.comments.parse import (
    CommentContext,
    CommentFacts,
    CommentRefusal,
    ParsedCommand,
    help_text,
    is_command,
    parse_comment,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.comment import CommentInputs
from gitops_action.core.markdown import code, prose
from gitops_action.core.outcome import Outcome
from gitops_action.errors import DeniedError, GitOpsError

__all__ = ["CommentPorts", "refusal_text", "run"]

_PINNED = frozenset({"merge", "override", "refresh"})
"""Commands about the very change that their writer saw."""


class Conversation(Protocol):
    """Where the comment stands."""

    def comment(self) -> CommentFacts:
        """The comment that is asked for."""
        ...

    def context(self, comment: CommentFacts) -> CommentContext:
        """What its words can name."""
        ...

    def react(self, comment: CommentFacts, content: str) -> None:
        """Put a reaction on it."""
        ...

    def reply(self, comment: CommentFacts, body: str) -> None:
        """Write a comment below it."""
        ...

    def moved(self, comment: CommentFacts) -> str:
        """Why the pull request is not what the writer saw; empty where it is."""
        ...


Action = Callable[[ParsedCommand, CommentFacts], str]
"""Does what was asked for; gives an answer to write, or nothing."""


@dataclass(frozen=True, kw_only=True)
class CommentPorts:
    """What `comment` talks to.

    Attributes:
        conversation: where the comment stands.
        may_write: whether an account has write access; None where that cannot be read.
        actions: what does each command, but `help`.
        started_by: who started a second attempt of the run; empty for the first.
    """

    conversation: Conversation
    may_write: Callable[[str], bool | None]
    actions: Mapping[Word, Action]
    started_by: str = ""


def run(inputs: CommentInputs, ports: CommentPorts) -> Outcome:
    """Run the command of the comment.

    Raises:
        GitOpsError: the comment could not be read or answered.
    """
    del inputs
    comment = ports.conversation.comment()
    if not comment.is_person or not is_command(comment.body):
        return _outcome("", "ignored", "not-a-command")
    _tolerated(lambda: ports.conversation.react(comment, "eyes"))
    word = ""
    try:
        parsed = parse_comment(comment.body, ports.conversation.context(comment))
        word = parsed.command.word
        _refuse_unless_allowed(parsed, comment, ports)
        answer = _act(parsed, comment, ports)
    except CommentRefusal as refusal:
        _refuse(comment, refusal, ports)
        return _outcome(word, "refused", refusal.code)
    except GitOpsError as error:
        _refuse(comment, CommentRefusal("failed", _one_sentence(error)), ports)
        return _outcome(word, "refused", "failed", exit_code=1)
    if answer:
        ports.conversation.reply(comment, answer)
    _tolerated(lambda: ports.conversation.react(comment, "rocket"))
    return _outcome(word, "done", "")


def _one_sentence(error: GitOpsError) -> str:
    cause = f": {error.cause}" if error.cause else ""
    return f"{error.title}{cause}" + (f". {error.fix}" if error.fix else "")


def _act(parsed: ParsedCommand, comment: CommentFacts, ports: CommentPorts) -> str:
    word = parsed.command.word
    if word == "help":
        return help_text()
    action = ports.actions.get(word)
    if action is None:
        raise CommentRefusal("not-available", f"{word} is not available here", f"{PREFIX} help")
    if word in _PINNED and (moved := ports.conversation.moved(comment)):
        raise CommentRefusal("head-moved", moved, comment.body.partition("\n")[0])
    return action(parsed, comment)


def _refuse_unless_allowed(
    parsed: ParsedCommand, comment: CommentFacts, ports: CommentPorts
) -> None:
    """Anyone who can comment can read; everything else takes write access, as it is now."""
    if parsed.command.right == "read":
        return
    for login in dict.fromkeys(filter(None, (comment.login, ports.started_by))):
        allowed = ports.may_write(login)
        if allowed is None:
            raise CommentRefusal("role-unreadable", f"the role of {login} is not readable")
        if not allowed:
            raise CommentRefusal(
                "no-right", f"{parsed.command.word} needs write access, which {login} lacks"
            )


def _refuse(comment: CommentFacts, refusal: CommentRefusal, ports: CommentPorts) -> None:
    ports.conversation.reply(comment, refusal_text(refusal))
    _tolerated(lambda: ports.conversation.react(comment, "confused"))


def refusal_text(refusal: CommentRefusal) -> str:
    """Why, and what to copy; nothing of it can ping, link or break out of its span."""
    lines = [prose(refusal.reason)]
    if refusal.suggestion:
        lines.append(f"Try {code(refusal.suggestion)}")
    lines.append(f"Reason code: `{refusal.code}`")
    return "\n\n".join(lines)


def _tolerated(react: Callable[[], None]) -> None:
    """A reaction is a courtesy: without the right to it the command is done all the same."""
    try:
        react()
    except DeniedError:
        return


def _outcome(word: str, result: str, reason_code: str, *, exit_code: int = 0) -> Outcome:
    outputs = {"command": word, "result": result, "reason-code": reason_code}
    said = f"{word or 'comment'}: {result}" + (f" ({reason_code})" if reason_code else "")
    return Outcome(outputs=outputs, headline=said, data=outputs, exit_code=exit_code)
