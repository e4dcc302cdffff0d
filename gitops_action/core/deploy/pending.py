"""Which environments have to be deployed: what they describe, against what was last recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gitops_action.core.config.select import predecessors
from gitops_action.core.deploy.result import Result


class Step(StrEnum):
    """What happens to an environment in this run."""

    DEPLOY = "deploy"
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
class Recorded:
    """The newest record of an environment.

    Attributes:
        commit: what was deployed.
        hash: of what the environment described then.
        result: how it ended; unknown for a record that was never finished.
    """

    commit: str
    hash: str
    result: Result


@dataclass(frozen=True, kw_only=True)
class Described:
    """An environment at the commit that could be deployed.

    Attributes:
        environment: its name.
        hash: of what it describes.
        after: environments that come before it.
        deployable: it has targets, and all of them are deployed from here.
        recorded: the newest record; None when it was never deployed.
        ancestry: the commit, seen from the recorded one.
    """

    environment: str
    hash: str
    after: tuple[str, ...] = ()
    deployable: bool = True
    recorded: Recorded | None = None
    ancestry: Ancestry = Ancestry.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens to one environment, and why, for people."""

    environment: str
    step: Step
    reason: str


def decide_pending(
    described: Iterable[Described], *, rollback: bool = False
) -> tuple[Decision, ...]:
    """A decision for each environment, in the order given.

    An environment waits while one that it comes `after` is itself about to be deployed: the next
    run, started by that one's end, goes on with it.

    Args:
        described: every environment of the configuration, also those that were not asked for.
        rollback: the run is a rollback, which may go back to an ancestor.
    """
    known = {item.environment: item for item in described}
    alone = {name: _alone(item, rollback=rollback) for name, item in known.items()}
    return tuple(_in_order(item, known, alone) for item in known.values())


def _alone(item: Described, *, rollback: bool) -> Decision:
    """The decision without a look at the other environments."""
    found = item.recorded
    if not item.deployable:
        return _decision(item, Step.SKIP, "it has no target that is deployed from here")
    if found is None:
        return _decision(item, Step.DEPLOY, "it was never deployed")
    if item.ancestry is Ancestry.BEHIND and not rollback:
        reason = f"{found.commit[:12]}, which runs, is newer; only a rollback goes back"
        return _decision(item, Step.REFUSE, reason)
    if item.hash != found.hash:
        return _decision(item, Step.DEPLOY, f"it changed since {found.commit[:12]}")
    return _same_content(item, found)


def _same_content(item: Described, found: Recorded) -> Decision:
    if found.result in {Result.SUCCEEDED, Result.NOTHING}:
        return _decision(item, Step.SKIP, f"it runs what {found.commit[:12]} describes")
    if found.result is Result.FAILED:
        reason = f"this very content failed at {found.commit[:12]}; change it, or deploy it by name"
        return _decision(item, Step.SKIP, reason)
    reason = f"how the deployment of {found.commit[:12]} ended could not be told"
    return _decision(item, Step.DEPLOY, reason)


def _in_order(
    item: Described, known: Mapping[str, Described], alone: Mapping[str, Decision]
) -> Decision:
    own = alone[item.environment]
    if own.step is not Step.DEPLOY:
        return own
    before = predecessors(item.environment, {name: one.after for name, one in known.items()})
    busy = [name for name in known if name in before and alone[name].step is Step.DEPLOY]
    if not busy:
        return own
    return _decision(item, Step.WAIT, f"it comes after {', '.join(busy)}, deployed first")


def _decision(item: Described, step: Step, reason: str) -> Decision:
    return Decision(environment=item.environment, step=step, reason=reason)
