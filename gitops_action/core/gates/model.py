"""What a gate answers: one word, a reason for people, and a code that documents and tests name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from gitops_action.core.dataclass import dataclass

GateName = Literal[
    "validate",
    "hold",
    "after",
    "soak",
    "windows",
    "approvals",
    "checks",
    "http",
    "provenance",
]
Word = Literal["pass", "wait", "refuse", "unknown"]
"""`unknown` is closed: what could not be read may be the reason to refuse."""

COMMENT_MARKER = "gate"
"""Identifies our comment; it is hidden in the comment's first line."""


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """How one gate of one environment stands.

    Attributes:
        gate: which one.
        environment: whose.
        word: whether the change may merge as far as this gate is concerned.
        reason: one line for people; may hold untrusted text, so it is escaped where it is shown.
        code: the reason code, such as `soak-running`; `codes.py` explains all of them.
        opens: when the gate opens by itself; None where only a change or a person opens it.
        found: what was found, in more words than `reason`, for the comment; empty: the reason.
        opened_by: who opens it, such as a team; empty where nobody in particular does.
        overridden: a person with the right has overridden it: it counts as passed.
    """

    gate: GateName
    environment: str
    word: Word
    reason: str
    code: str
    opens: datetime | None = None
    found: str = ""
    opened_by: str = ""
    overridden: bool = False

    @property
    def passed(self) -> bool:
        """Whether it keeps the change from merging no longer."""
        return self.word == "pass" or self.overridden


def utc(moment: datetime) -> str:
    """`2026-11-28 14:05Z`, rounded up to the minute: at the time shown it has come."""
    at = moment.astimezone(UTC)
    if at.second or at.microsecond:
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return at.strftime("%Y-%m-%d %H:%MZ")


def plural(number: int, name: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {name}{'' if number == 1 else 's'}"
