"""The gate `after`: the version has been deployed, and verified, in every earlier environment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.holds import HoldFacts, version_hold
from gitops_action.core.gates.model import GateResult, Word, utc
from gitops_action.core.gates.versions import (
    ImageMove,
    Predecessor,
    matches,
    proposed,
    ran,
    without_digest,
)

_ENDS = (Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN)
"""Results that say something about a version; a superseded run says nothing."""
_ORDER: tuple[Word, ...] = ("refuse", "unknown", "wait", "pass")


@dataclass(frozen=True, kw_only=True)
class _Finding:
    """How one version did in one place; `at` is when it succeeded."""

    word: Word
    code: str
    reason: str
    at: datetime | None = None


def evaluate(
    environment: str,
    moves: Iterable[ImageMove],
    predecessors: Sequence[Predecessor],
    holds: HoldFacts,
) -> GateResult | None:
    """The worst of every earlier environment and image; None where nothing comes before.

    A change without image changes passes, and so does an earlier environment that does not contain
    the application.
    """
    if not predecessors:
        return None
    versions = proposed(moves)
    found = [
        finding
        for earlier in predecessors
        for move in versions
        if move.application in earlier.applications
        for finding in _in_environment(earlier, move, holds)
    ]
    if not found:
        named = ", ".join(earlier.environment for earlier in predecessors)
        reason = f"not contained in {named}" if versions else "no image changes"
        found = [_Finding(word="pass", code="after-passed", reason=reason)]
    worst = min(found, key=lambda one: _ORDER.index(one.word))
    return GateResult(
        gate="after",
        environment=environment,
        word=worst.word,
        reason=worst.reason,
        code=worst.code,
        found="; ".join(dict.fromkeys(one.reason for one in found)),
    )


def _in_environment(
    earlier: Predecessor, move: ImageMove, holds: HoldFacts
) -> tuple[_Finding, ...]:
    """How one version did in one earlier environment; one finding for each of its targets."""
    name = earlier.environment
    if hold := version_hold(holds, name, move):
        why = f": {hold.reason}" if hold.reason else ""
        return (_Finding(word="refuse", code="after-held", reason=f"{name} holds {move}{why}"),)
    if earlier.unread:
        reason = f"the deployments of {name} are not readable: {earlier.unread}"
        return (_Finding(word="unknown", code="after-unreadable", reason=reason),)
    found = (_on_target(earlier, move, target) for target in earlier.targets)
    return tuple(_unless_undone(one, earlier, move) for one in found)


def _on_target(earlier: Predecessor, move: ImageMove, target: str) -> _Finding:
    """By the newest finished record of this version."""
    where = place(earlier, target)
    alike = [(one, match) for one in earlier.proved if (match := ran(one, move)) != "no"]
    ended = [(one, match) for one, match in alike if one.ended and one.targets.get(target) in _ENDS]
    if not ended:
        return _none_yet(earlier, move, where, running=any(not one.ended for one, _ in alike))
    record, match = ended[-1]
    result = record.targets[target]
    if result is Result.FAILED:
        return _Finding(word="refuse", code="after-failed", reason=f"{move} failed in {where}")
    if result is Result.UNKNOWN or record.ended is None:
        reason = f"the result of {move} in {where} is unknown"
        return _Finding(word="unknown", code="after-unknown", reason=reason)
    compared = " (compared by tag: no digest is known)" if match == "tag" else ""
    reason = f"{where}, healthy since {utc(record.ended)}{compared}"
    return _Finding(word="pass", code="after-passed", reason=reason, at=record.ended)


def _none_yet(earlier: Predecessor, move: ImageMove, where: str, *, running: bool) -> _Finding:
    if running:
        return _Finding(word="wait", code="after-running", reason=f"{move} is deployed to {where}")
    if without_digest(earlier.proved, move):
        reason = f"{move} ran in {where}, and one side names no digest to compare"
        return _Finding(word="wait", code="after-not-comparable", reason=reason)
    return _Finding(word="wait", code="after-missing", reason=f"{move} has not run in {where}")


def place(earlier: Predecessor, target: str) -> str:
    """The environment, with its target where it has several."""
    return f"{earlier.environment}/{target}" if len(earlier.targets) > 1 else earlier.environment


def _unless_undone(finding: _Finding, earlier: Predecessor, move: ImageMove) -> _Finding:
    """A rollback later than the success takes it back."""
    if finding.at is None or move.after is None:
        return finding
    for undone in earlier.undone:
        if undone.at > finding.at and matches(undone.image, move.after) != "no":
            reason = f"{move} was rolled back in {earlier.environment} at {utc(undone.at)}"
            return _Finding(word="refuse", code="after-undone", reason=reason)
    return finding
