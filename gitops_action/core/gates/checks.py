"""The gate `checks`: check runs and commit statuses of the head commit have succeeded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from gitops_action.core.config.resolved import RequiredCheck
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateResult, plural

CheckState = Literal["succeeded", "pending", "failed"]

_SUCCEEDED = frozenset({"success", "neutral", "skipped"})
"""As for GitHub's own required checks ("About protected branches")."""
_PENDING = frozenset({"", "pending", "expected", "queued", "in_progress", "waiting", "requested"})


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """A check run or a commit status of the head commit, as GitHub reports it.

    Attributes:
        name: of the check run, or the context of the status.
        conclusion: `success`, `failure` and so on; a status' state; empty while it runs.
        kind: which of the two it is: one does not replace the other.
        app: the id of the App that reported it; None where GitHub does not say.
        number: GitHub's id; grows with time.
        started: when this attempt began, or the status was made.
        url: its page.
    """

    name: str
    conclusion: str
    kind: Literal["check-run", "status"] = "check-run"
    app: int | None = None
    number: int = 0
    started: datetime | None = None
    url: str = ""

    @property
    def state(self) -> CheckState:
        """What it means for a gate; a conclusion that is not known has not succeeded."""
        if self.conclusion.lower() in _SUCCEEDED:
            return "succeeded"
        return "pending" if self.conclusion.lower() in _PENDING else "failed"


@dataclass(frozen=True, kw_only=True)
class CheckFacts:
    """Every check of the head commit; `unread` says why they could not be read."""

    reports: tuple[CheckReport, ...] = ()
    unread: str = ""


def evaluate(
    environment: str, required: Sequence[RequiredCheck], facts: CheckFacts
) -> GateResult | None:
    """None where no check is required."""
    if not required:
        return None
    if facts.unread:
        return GateResult(
            gate="checks",
            environment=environment,
            word="unknown",
            reason=f"checks are not readable: {facts.unread}",
            code="checks-unreadable",
        )
    states = [(_named(check), _state(check, facts.reports)) for check in required]
    found = ", ".join(f"`{name}` {state}" for name, state in states)
    for state, word, code in _CLOSED:
        names = [name for name, one in states if one == state]
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            return GateResult(
                gate="checks",
                environment=environment,
                word=word,
                reason=f"check {names[0]}{more} {_SAID[state]}",
                code=code,
                found=found,
            )
    return GateResult(
        gate="checks",
        environment=environment,
        word="pass",
        reason=f"{plural(len(required), 'check')} succeeded",
        code="checks-succeeded",
        found=found,
    )


_Found = Literal["succeeded", "pending", "failed", "missing"]
_CLOSED: tuple[tuple[_Found, Literal["wait", "refuse"], str], ...] = (
    ("failed", "refuse", "check-failed"),
    ("missing", "wait", "check-missing"),
    ("pending", "wait", "check-pending"),
)
_SAID = {"failed": "failed", "missing": "has not reported", "pending": "is running"}


def _named(check: RequiredCheck) -> str:
    return check.name if check.app is None else f"{check.name} (App {check.app})"


def _state(check: RequiredCheck, reports: Iterable[CheckReport]) -> _Found:
    """The newest of each App counts, and all of these have to succeed.

    Without a pinned App several may report the same name: were one enough, any of them could
    speak for the others.
    """
    newest: dict[tuple[str, int | None], CheckReport] = {}
    for report in sorted(reports, key=_age):
        if report.name == check.name and check.app in (None, report.app):
            newest[report.kind, report.app] = report
    states = {report.state for report in newest.values()}
    for state in ("failed", "pending"):
        if state in states:
            return state
    return "succeeded" if states else "missing"


def _age(report: CheckReport) -> tuple[float, int]:
    return (report.started.timestamp() if report.started else 0.0, report.number)
