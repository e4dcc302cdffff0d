"""The gate `hold`: no version, application or environment on hold is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime

from gitops_action.core.config.holds import Hold, Holds, names_version
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.model import GateResult, utc
from gitops_action.core.gates.versions import ImageMove, proposed
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class UnreadableHold:
    """A hold file that cannot be read.

    Attributes:
        file: its path in the repository.
        line: where it is wrong; None where that is not known.
        problem: what is wrong.
    """

    file: str
    line: int | None = None
    problem: str = ""


def unreadable_holds(read: Holds) -> Mapping[str, UnreadableHold]:
    """The files that cannot be read, by path, each with what is wrong first."""
    return {path: _unreadable_hold(path, read.problems) for path in read.unreadable}


def _unreadable_hold(path: str, problems: Iterable[GitOpsError]) -> UnreadableHold:
    for one in problems:
        if one.location and one.location.file == path:
            return UnreadableHold(file=path, line=one.location.line, problem=one.title)
    return UnreadableHold(file=path)


@dataclass(frozen=True, kw_only=True)
class HoldFacts:
    """Every hold that counts at the moment of the evaluation.

    Attributes:
        holds: of the base's tip, and of open pull requests that add one and count as the hold.
        unreadable: of the base's tip that would still be unreadable after the merge.
        now: when they are looked at.
    """

    holds: tuple[Hold, ...] = ()
    unreadable: tuple[UnreadableHold, ...] = field(default=())
    now: datetime


def evaluate(
    environment: str,
    moves: Iterable[ImageMove],
    facts: HoldFacts,
    *,
    rollback: bool = False,
    newest: Iterable[EvaluatedRecord] = (),
) -> GateResult:
    """Refused while something on hold is touched; with an opening where every such hold ends.

    Args:
        environment: which the change touches.
        moves: the images that it changes there.
        facts: the holds.
        rollback: a rollback whose cause was recomputed: it passes a freeze, and holds that cannot
            be read.
        newest: the environment's deployments: a version that failed there counts as held.
    """
    versions = proposed(moves)
    if facts.unreadable and not rollback:
        return _unreadable(environment, facts.unreadable)
    found = [hold for hold in active(facts, environment) if _keeps(hold, versions, rollback)]
    if found:
        return _held(environment, found)
    for move in versions:
        if failed := failed_here(newest, move):
            return GateResult(
                gate="hold",
                environment=environment,
                word="refuse",
                reason=f"{move} failed here at {utc(failed.ended or failed.started)}",
                code="held-by-failure",
            )
    return GateResult(
        gate="hold", environment=environment, word="pass", reason="no hold", code="not-held"
    )


def active(facts: HoldFacts, environment: str) -> tuple[Hold, ...]:
    """Holds on an environment that have begun and not ended."""
    return tuple(hold for hold in facts.holds if hold.on(environment) and hold.active(facts.now))


def version_hold(facts: HoldFacts, environment: str, move: ImageMove) -> Hold | None:
    """The hold on this very version in an environment."""
    return next(
        (hold for hold in active(facts, environment) if hold.image and _names(hold, move)), None
    )


def _keeps(hold: Hold, versions: Iterable[ImageMove], rollback: bool) -> bool:  # noqa: FBT001 - read off at the call
    """A freeze keeps everything out, a pin image changes, a version that version alone."""
    image, application = hold.image, hold.application
    if not image and not application:
        return not rollback
    return any(_names(hold, move) for move in versions)


def _names(hold: Hold, move: ImageMove) -> bool:
    if hold.application and hold.application != move.application:
        return False
    if not hold.image:
        return bool(hold.application)
    return move.after is not None and names_version(hold.image, move.after)


def failed_here(records: Iterable[EvaluatedRecord], move: ImageMove) -> EvaluatedRecord | None:
    """The newest proved record, where it is a failure that changed to exactly this version."""
    proved = sorted(
        (one for one in records if one.proved and one.ended),
        key=lambda one: (one.started, one.number),
    )
    if not proved or proved[-1].result is not Result.FAILED or move.after is None:
        return None
    newest = proved[-1]
    before = proved[-2].applications if len(proved) > 1 else {}
    images = set(newest.applications.get(move.application, ()))
    changed = images - set(before.get(move.application, ()))
    digest = move.after.digest
    return newest if digest and any(one.endswith(f"@{digest}") for one in changed) else None


def _unreadable(environment: str, files: tuple[UnreadableHold, ...]) -> GateResult:
    first = files[0]
    where = f"{first.file}:{first.line}" if first.line else first.file
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return GateResult(
        gate="hold",
        environment=environment,
        word="refuse",
        reason=f"a hold cannot be read: {where}{more}",
        code="hold-unreadable",
        found=f"{where}: {first.problem}" if first.problem else "",
    )


def _held(environment: str, holds: list[Hold]) -> GateResult:
    """By the hold that ends last; a freeze is named before versions."""
    first = min(holds, key=lambda hold: (hold.image is not None, hold.application is not None))
    ends = [hold.until for hold in holds if hold.until]
    opens = max(ends) if len(ends) == len(holds) else None
    until = f" until {utc(first.until)}" if first.until else ""
    why = f": {first.reason}" if first.reason else ""
    return GateResult(
        gate="hold",
        environment=environment,
        word="refuse",
        reason=f"{_what(first)}{until}{why}",
        code=_code(first),
        opens=opens,
        found="; ".join(_described(hold) for hold in holds),
    )


def _code(hold: Hold) -> str:
    if hold.image:
        return "held-version"
    return "held-application" if hold.application else "frozen"


def _what(hold: Hold) -> str:
    if hold.image:
        return f"{hold.image} is on hold"
    return f"{hold.application} is on hold" if hold.application else "frozen"


def _described(hold: Hold) -> str:
    until = f" until {utc(hold.until)}" if hold.until else ""
    by = f" by `{hold.author}`" if hold.author else ""
    why = f": {hold.reason}" if hold.reason else ""
    where = f" (`{hold.file}`)" if hold.file else ""
    if hold.pull_request:
        where = f" (proposed by #{hold.pull_request})"
    return f"{_what(hold)}{until}{by}{why}{where}"
