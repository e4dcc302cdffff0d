"""What a gate answers: one word, a reason for people, and a code that documents and tests name."""

from __future__ import annotations

from datetime import datetime
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


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """How one gate of one environment stands.

    Attributes:
        gate: which one.
        environment: whose.
        word: whether the change may merge as far as this gate is concerned.
        reason: one line for people; may hold untrusted text, so it is escaped where it is shown.
        code: the reason code, such as `soak-running`; `docs/troubleshooting.md` lists all.
        opens: when the gate opens by itself; None where only a change or a person opens it.
        overridden: a person with the right has overridden it: it counts as passed.
    """

    gate: GateName
    environment: str
    word: Word
    reason: str
    code: str
    opens: datetime | None = None
    overridden: bool = False
