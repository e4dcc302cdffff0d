"""The gate `soak`: the version has run in every earlier environment for long enough, unbroken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gitops_action.core.config.values import format_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.after import place
from gitops_action.core.gates.model import GateResult, utc
from gitops_action.core.gates.versions import ImageMove, Predecessor, proposed, ran


@dataclass(frozen=True, kw_only=True)
class Soak:
    """How long one version has run on one target.

    Attributes:
        since: the success that it counts from; None while it does not run verified.
        reached: it has run for long enough, now or at some time before.
        interrupted: why it does not count from anything any more; empty where it never ran.
    """

    since: datetime | None = None
    reached: bool = False
    interrupted: str = ""


def evaluate(
    environment: str,
    soak: timedelta,
    moves: Iterable[ImageMove],
    predecessors: Sequence[Predecessor],
    now: datetime,
) -> GateResult | None:
    """The slowest of every earlier environment, target and image; None where nothing soaks."""
    if not soak:
        return None
    places = [
        (earlier, move, target)
        for earlier in predecessors
        for move in proposed(moves)
        if move.application in earlier.applications
        for target in earlier.targets
    ]
    if unread := next((one for one, _, _ in places if one.unread), None):
        return GateResult(
            gate="soak",
            environment=environment,
            word="unknown",
            reason=f"the deployments of {unread.environment} are not readable: {unread.unread}",
            code="soak-unreadable",
        )
    found = [
        (place(earlier, target), soaked(earlier, move, target, soak=soak, now=now))
        for earlier, move, target in places
    ]
    return _slowest(environment, soak, found, now)


def soaked(
    earlier: Predecessor, move: ImageMove, target: str, *, soak: timedelta, now: datetime
) -> Soak:
    """Follow the proved records of one target, oldest first.

    It starts with a success. Another success of the same version continues it. A deployment of
    another version ends it when it starts; a failure of the same version, and a result that is
    unknown, when they end. After an unknown result a later success continues it as if nothing had
    been. What was reached stays reached.
    """
    since: datetime | None = None
    kept: datetime | None = None
    interrupted, reached = "", False
    for record in earlier.proved:
        result = record.targets.get(target, None if record.ended else Result.UNKNOWN)
        same = ran(record, move) != "no"
        if result is None or record.started > now or (same and record.ended is None):
            continue
        at = record.ended if same and record.ended else record.started
        reached = reached or (since is not None and at - since >= soak)
        if same and result is Result.SUCCEEDED:
            since, kept, interrupted = since or kept or at, None, ""
        elif same and result is Result.UNKNOWN:
            since, kept = None, since or kept
            interrupted = f"a result that is unknown at {utc(at)}"
        elif same and result is Result.FAILED:
            since, kept, interrupted = None, None, f"a failure at {utc(at)}"
        elif not same and result is not Result.NOTHING and (since or kept):
            since, kept, interrupted = None, None, f"another version at {utc(at)}"
    reached = reached or (since is not None and now - since >= soak)
    return Soak(since=since, reached=reached, interrupted=interrupted)


def _slowest(
    environment: str, soak: timedelta, found: Sequence[tuple[str, Soak]], now: datetime
) -> GateResult:
    said = "; ".join(dict.fromkeys(_said(where, one, soak, now) for where, one in found))
    closed = [(where, one) for where, one in found if not one.reached]
    if not closed:
        return GateResult(
            gate="soak",
            environment=environment,
            word="pass",
            reason=f"soaked {format_duration(soak)}" if found else "no image soaks",
            code="soak-reached",
            found=said,
        )
    starting = next(((where, one) for where, one in closed if one.since is None), None)
    if starting:
        where, one = starting
        cut = bool(one.interrupted)
        reason = (
            f"soak in {where} was cut short by {one.interrupted}"
            if cut
            else (f"soak in {where} has not started")
        )
        return GateResult(
            gate="soak",
            environment=environment,
            word="wait",
            reason=reason,
            code="soak-interrupted" if cut else "soak-not-started",
            found=said,
        )
    opens = max(one.since + soak for _, one in closed if one.since)
    return GateResult(
        gate="soak",
        environment=environment,
        word="wait",
        reason=f"soak until {utc(opens)}",
        code="soak-running",
        opens=opens,
        found=said,
    )


def _said(where: str, one: Soak, soak: timedelta, now: datetime) -> str:
    if one.reached:
        return f"{where}: {format_duration(soak)} reached"
    if one.since:
        minutes = timedelta(minutes=max(0, (now - one.since) // timedelta(minutes=1)))
        return f"{where}: {format_duration(minutes)} of {format_duration(soak)}"
    if one.interrupted:
        return f"{where}: cut short by {one.interrupted}"
    return f"{where}: not started"
