"""The commands that a comment can give, as a table; the documentation is made from it."""

from __future__ import annotations

from typing import Literal

from gitops_action.core.dataclass import dataclass

Word = Literal[
    "help",
    "status",
    "why",
    "merge",
    "refresh",
    "hold",
    "unhold",
    "promote",
    "rollback",
    "override",
    "deploy",
]
Part = Literal["off", "ENV", "APP", "APP@VERSION", "until", "to ENV", "to VERSION", "GATE", "HASH"]
Right = Literal["read", "write"]
Reason = Literal["none", "optional", "required"]

PREFIX = "/gitops"
LONGEST_REASON = 1_000
GATES = ("after", "soak", "windows", "approvals", "checks", "http", "provenance")
"""Gates that can be overridden; validate and hold cannot."""


@dataclass(frozen=True, kw_only=True)
class CommentCommand:
    """One command.

    Attributes:
        word: its name.
        form: how it is written, after `/gitops`.
        help: what it does.
        parts: the words it takes, in their order.
        required: those of them that have to be given.
        reason: whether it takes `because …`.
        right: the role in the repository that it needs.
        anywhere: also on issues and on pull requests that are closed.
    """

    word: Word
    form: str
    help: str
    parts: tuple[Part, ...] = ()
    required: tuple[Part, ...] = ()
    reason: Reason = "none"
    right: Right = "write"
    anywhere: bool = False


COMMANDS: tuple[CommentCommand, ...] = (
    CommentCommand(
        word="help", form="help", help="lists the commands", right="read", anywhere=True
    ),
    CommentCommand(
        word="status",
        form="status",
        help="answers what runs where",
        right="read",
        anywhere=True,
    ),
    CommentCommand(
        word="why", form="why", help="answers what this pull request waits for", right="read"
    ),
    CommentCommand(
        word="merge",
        form="merge [off] [because …]",
        help="merges once every gate is open; `off` keeps it from being merged",
        parts=("off",),
        reason="optional",
    ),
    CommentCommand(word="refresh", form="refresh", help="evaluates this pull request again"),
    CommentCommand(
        word="hold",
        form="hold [ENV] [APP[@VERSION]] [until T] because …",
        help="holds a version, an application, or (ENV alone) a whole environment",
        parts=("ENV", "APP@VERSION", "until"),
        reason="required",
        anywhere=True,
    ),
    CommentCommand(
        word="unhold",
        form="unhold [ENV] [APP[@VERSION]] [because …]",
        help="proposes to remove a hold",
        parts=("ENV", "APP@VERSION"),
        reason="optional",
        anywhere=True,
    ),
    CommentCommand(
        word="promote",
        form="promote [APP] [to ENV]",
        help="proposes what was verified before",
        parts=("APP", "to ENV"),
        anywhere=True,
    ),
    CommentCommand(
        word="rollback",
        form="rollback ENV [APP] [to VERSION] because …",
        help="proposes the return to an earlier version, with a hold on the present one",
        parts=("ENV", "APP", "to VERSION"),
        required=("ENV",),
        reason="required",
        anywhere=True,
    ),
    CommentCommand(
        word="override",
        form="override GATE HASH because …",
        help="lets this very change pass a gate",
        parts=("GATE", "HASH"),
        required=("GATE", "HASH"),
        reason="required",
    ),
    CommentCommand(
        word="deploy",
        form="deploy ENV [because …]",
        help="deploys an environment again",
        parts=("ENV",),
        required=("ENV",),
        reason="optional",
        anywhere=True,
    ),
)


def command_named(word: str) -> CommentCommand | None:
    """The command of that name, in any case."""
    return next((one for one in COMMANDS if one.word == word.casefold()), None)
