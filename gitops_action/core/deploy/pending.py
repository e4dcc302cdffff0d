"""Which environments have to be deployed: what they describe, against what was last recorded.

An environment waits for one that it comes `after` where the same range of commits changes both,
until that one has succeeded with what it describes. A range begins at the environment's own last
success.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum

from gitops_action.core.config.select import predecessors
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
"""What failed for a cause outside its content is tried again: first, and at the latest, after."""
_GOOD = frozenset({Result.SUCCEEDED, Result.NOTHING})
_DELAYS = 2
"""So many unknown results of one content hold up what comes after it no longer."""


class PendingStep(StrEnum):
    """What happens to an environment in this run.

    Follow: it is decided again in this run, after those that it comes after. Check: nothing
    changed in Git, so that only the cluster can say whether it runs what is described.
    """

    DEPLOY = "deploy"
    FOLLOW = "follow"
    CHECK = "check"
    WAIT = "wait"
    SKIP = "skip"
    REFUSE = "refuse"


class Ancestry(StrEnum):
    """Where the commit to deploy stands, seen from the one recorded last."""

    SAME = "same"
    AHEAD = "ahead"
    BEHIND = "behind"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A deployment that succeeded.

    Attributes:
        commit: what was deployed.
        hash: of what the environment described then.
        applications: each application's images.
    """

    commit: str
    hash: str
    applications: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NewestRecord:
    """The newest record of an environment.

    Attributes:
        commit: what was deployed.
        hash: of what the environment described then.
        result: how it ended; unknown for a record that was never finished.
        retry: it failed for a cause outside its content.
        attempts: how many of the newest records are of this content and ended alike.
        ended: when it ended; None where that is not known.
        verified: the newest success, which may be this one; None where there is none.
        destroyed: the environment was taken down.
    """

    commit: str
    hash: str
    result: Result
    retry: bool = False
    attempts: int = 1
    ended: datetime | None = None
    verified: Verified | None = None
    destroyed: bool = False


def _cannot_compare(environment: str, commit: str) -> bool | None:
    del environment, commit
    return None


@dataclass(frozen=True, kw_only=True)
class DescribedEnvironment:
    """An environment at the commit that could be deployed.

    Attributes:
        environment: its name.
        hash: of what it describes; empty where it cannot be rendered.
        after: environments that come before it.
        deployable: it has targets, and all of them are deployed from here.
        applied: this run can look at its clusters; otherwise Flux keeps it as described.
        recorded: the newest record; None when it was never deployed.
        ancestry: the commit, seen from the recorded one.
        returns: the commit of an earlier success whose content or images it goes back to; empty
            where it goes back to none. Called only where it matters.
    """

    environment: str
    hash: str
    after: tuple[str, ...] = ()
    deployable: bool = True
    applied: bool = True
    recorded: NewestRecord | None = None
    ancestry: Ancestry = Ancestry.UNKNOWN
    returns: Callable[[], str] = str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens to one environment, and why, for people.

    Attributes:
        environment: its name.
        step: what happens.
        reason: why.
        before: environments that it waits for.
    """

    environment: str
    step: PendingStep
    reason: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Range:
    """What a decision needs beside the environments.

    Attributes:
        now: the time, for what is tried again.
        changed: whether what an environment describes differs from what it described at a commit;
            None where that cannot be determined. Called only where it matters.
    """

    now: datetime
    changed: Callable[[str, str], bool | None] = _cannot_compare


def decide_pending(described: Iterable[DescribedEnvironment], given: Range) -> tuple[Decision, ...]:
    """A decision for each environment, in the order given.

    Args:
        described: every environment of the configuration, also those that were not asked for.
        given: the time, and how earlier commits compare.
    """
    known = {item.environment: item for item in described}
    alone = {name: _alone(item, given.now) for name, item in known.items()}
    after = {name: one.after for name, one in known.items()}
    found: dict[str, Decision] = {}
    for name, item in known.items():
        before = [known[each] for each in known if each in predecessors(name, after)]
        found[name] = _in_order(item, before, alone, given)
    return tuple(_follows(one, found) for one in found.values())


def _alone(item: DescribedEnvironment, now: datetime) -> Decision:
    """The decision without a look at the other environments."""
    found = item.recorded
    if not item.deployable:
        return _decision(item, PendingStep.SKIP, "it has no target that is deployed from here")
    if found is None:
        return _decision(item, PendingStep.DEPLOY, "it was never deployed")
    if found.destroyed and found.result in _GOOD:
        reason = f"it was destroyed at {found.commit[:12]}; deploy it by name to bring it back"
        return _decision(item, PendingStep.SKIP, reason)
    if item.ancestry is Ancestry.BEHIND:
        reason = f"{found.commit[:12]}, which was deployed last, is newer and contains this commit"
        return _decision(item, PendingStep.REFUSE, reason)
    if item.hash != found.hash:
        return _decision(item, PendingStep.DEPLOY, f"it changed since {found.commit[:12]}")
    return _same_content(item, found, now)


def _same_content(item: DescribedEnvironment, found: NewestRecord, now: datetime) -> Decision:
    commit = found.commit[:12]
    if found.result in _GOOD and item.applied:
        reason = f"nothing changed since {commit}, which was deployed and verified"
        return _decision(item, PendingStep.CHECK, reason)
    if found.result in _GOOD:
        return _decision(item, PendingStep.SKIP, f"{commit} was verified, and Flux keeps it so")
    if found.result is Result.FAILED and not found.retry:
        reason = f"this very content failed at {commit}; change it, or deploy it by name"
        return _decision(item, PendingStep.SKIP, reason)
    if found.result is Result.FAILED:
        return _again(item, found, now)
    reason = f"the result of deploying {commit} is unknown"
    return _decision(item, PendingStep.DEPLOY, reason)


def _again(item: DescribedEnvironment, found: NewestRecord, now: datetime) -> Decision:
    """Try again what failed for a cause outside its content, ever more rarely."""
    opens = next_try(found)
    failed = f"{found.commit[:12]} failed for a cause outside its content"
    if opens is None or now >= opens:
        return _decision(item, PendingStep.DEPLOY, f"{failed}: attempt {found.attempts + 1}")
    reason = f"{failed}; it is tried again from {opens:%Y-%m-%d %H:%MZ} on, or by name"
    return _decision(item, PendingStep.SKIP, reason)


def next_try(found: NewestRecord) -> datetime | None:
    """When a failure for a cause outside the content is tried again; None: at once."""
    if found.ended is None:
        return None
    wait: timedelta = FIRST_RETRY * int(2 ** min(found.attempts - 1, 10))
    return found.ended + min(wait, LONGEST_RETRY)


def _in_order(
    item: DescribedEnvironment,
    before: Sequence[DescribedEnvironment],
    alone: Mapping[str, Decision],
    given: Range,
) -> Decision:
    own = alone[item.environment]
    if own.step is not PendingStep.DEPLOY:
        return own
    waits = [one for one in before if _matters(item, one, given)]
    if not waits:
        return own
    back = item.returns()
    if back:
        reason = f"{own.reason}; it waits for nothing, since it goes back to {back[:12]}"
        return _decision(item, PendingStep.DEPLOY, reason)
    holding = [one for one in waits if not _delayed_enough(one)]
    if not holding:
        unknown = " and ".join(one.environment for one in waits)
        reason = f"{own.reason}; the result of {unknown} is still unknown, so it waits no longer"
        return _decision(item, PendingStep.DEPLOY, reason)
    reasons = "; ".join(_waiting_for(one, alone[one.environment]) for one in holding)
    names = tuple(one.environment for one in holding)
    return Decision(
        environment=item.environment, step=PendingStep.WAIT, reason=reasons, before=names
    )


def _matters(item: DescribedEnvironment, before: DescribedEnvironment, given: Range) -> bool:
    """Whether the range that changes `item` also changes what has not succeeded before it."""
    if not before.deployable or _succeeded(before):
        return False
    verified = item.recorded.verified if item.recorded else None
    if verified is None:
        return True
    return given.changed(before.environment, verified.commit) is not False


def _succeeded(item: DescribedEnvironment) -> bool:
    found = item.recorded
    if found is None or found.result not in _GOOD:
        return False
    return found.destroyed or found.hash == item.hash


def _delayed_enough(item: DescribedEnvironment) -> bool:
    """Whether its result stays unknown: that holds up others once, not for ever."""
    found = item.recorded
    return (
        found is not None
        and found.hash == item.hash
        and found.result is Result.UNKNOWN
        and found.attempts >= _DELAYS
    )


def _waiting_for(before: DescribedEnvironment, decision: Decision) -> str:
    name = before.environment
    if decision.step is PendingStep.DEPLOY:
        return f"it comes after {name}, deployed first"
    return f"it comes after {name}, which has not succeeded with what it describes: " + (
        decision.reason
    )


def _follows(decision: Decision, every: Mapping[str, Decision]) -> Decision:
    """What waits only for environments that this run deploys is decided again in it."""
    if decision.step is not PendingStep.WAIT or not _all_deployed(decision, every, frozenset()):
        return decision
    return Decision(
        environment=decision.environment,
        step=PendingStep.FOLLOW,
        reason=decision.reason,
        before=decision.before,
    )


def _all_deployed(decision: Decision, every: Mapping[str, Decision], seen: frozenset[str]) -> bool:
    if decision.step is PendingStep.DEPLOY:
        return True
    if decision.step is not PendingStep.WAIT or decision.environment in seen:
        return False
    seen |= {decision.environment}
    return all(_all_deployed(every[name], every, seen) for name in decision.before)


def _decision(item: DescribedEnvironment, step: PendingStep, reason: str) -> Decision:
    return Decision(environment=item.environment, step=step, reason=reason)
