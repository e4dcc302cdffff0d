"""`gate --simulate`: what the gates would say if people approved, or at another time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.approvals import ApprovalFacts, ChangeComparison, Review
from gitops_action.errors import UsageError

if TYPE_CHECKING:  # every command reads the inputs of `gate`; the gates take 0.1 s to load
    from gitops_action.core.gates.evaluate import GateFacts

_FIX = "write e.g. approve:alice,at:2026-11-28T14:00Z"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What is assumed: approvals of the change as it is now, and the time."""

    approvals: tuple[str, ...] = ()
    at: datetime | None = None

    def __bool__(self) -> bool:
        """Whether anything is assumed."""
        return bool(self.approvals) or self.at is not None


def parse_simulation(text: str) -> Simulation:
    """Read `approve:alice,approve:bob,at:2026-11-28T14:00Z`; empty text assumes nothing.

    Raises:
        UsageError: it cannot be read; names the part.
    """
    approvals: list[str] = []
    at: datetime | None = None
    for part in (part.strip() for part in text.split(",") if part.strip()):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key == "approve" and value and value.replace("-", "").isalnum() and value.isascii():
            approvals.append(value)
        elif key == "at" and value and at is None:
            at = _moment(value)
        else:
            raise UsageError(f"`simulate` has {part!r}, which is not understood", fix=_FIX)
    return Simulation(approvals=tuple(dict.fromkeys(approvals)), at=at)


def _moment(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(f"`simulate` has {value!r}, which is not a time", fix=_FIX) from None
    if found.tzinfo is None:
        raise UsageError(f"`simulate` has {value!r}, a time without a zone", fix=_FIX)
    return found


def simulated(facts: GateFacts, simulation: Simulation) -> GateFacts:
    """The facts as they would be. Who may approve stays as it is."""
    now = simulation.at or facts.now
    return replace(
        facts,
        now=now,
        holds=replace(facts.holds, now=now),
        approvals=with_approvals(facts.approvals, simulation, now),
    )


def with_approvals(facts: ApprovalFacts, simulation: Simulation, now: datetime) -> ApprovalFacts:
    """The reviews, and one more of each person: the newest, of the change as it is now."""
    first = max((one.number for one in facts.reviews), default=0) + 1
    latest = max((one.submitted for one in facts.reviews), default=now)
    reviews = tuple(
        Review(
            number=first + index,
            login=login,
            state="approved",
            commit="",
            submitted=max(now, latest),
            change=ChangeComparison(kind="same"),
        )
        for index, login in enumerate(simulation.approvals)
    )
    return replace(facts, reviews=(*facts.reviews, *reviews))
