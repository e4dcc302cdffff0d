"""One permission of one token that a command needs."""

from __future__ import annotations

from typing import Literal

from gitops_action.core.dataclass import dataclass

Level = Literal["read", "write"]


@dataclass(frozen=True, kw_only=True)
class TokenPermission:
    """One permission of one token.

    Attributes:
        command: the command that uses it.
        held_by: the input that carries the token.
        permission: as an App's settings and a workflow's `permissions:` name it.
        level: how much of it.
        purpose: what it is used for.
        when: the condition, empty for always.
        without: what happens when it is missing; empty: an error that names it.
    """

    command: str
    held_by: str
    permission: str
    level: Level
    purpose: str
    when: str = ""
    without: str = ""


def looks_up_images(command: str) -> tuple[TokenPermission, ...]:
    """What it takes to see at ghcr.io that images exist, by either of the two tokens."""
    held = {
        "source-token": "the image is private and `registry-password` is not given",
        "registry-password": "the image is private",
    }
    return tuple(
        TokenPermission(
            command=command,
            held_by=token,
            permission="packages",
            level="read",
            purpose="look up images at ghcr.io",
            when=when,
            without="a warning; whether the image exists is not known",
        )
        for token, when in held.items()
    )
