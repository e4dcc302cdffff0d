"""The exception for rollbacks: what grants it, and which gates it skips."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from gitops_action.core.config.resolved import Approvals, Environment, Gates
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.model import GateName
from gitops_action.core.gates.versions import ImageMove, matches, ran
from gitops_action.core.images import ImageReference

SKIPPED: frozenset[GateName] = frozenset(
    {"after", "soak", "windows", "checks", "http", "provenance"}
)
"""Gates that a rollback with a cause does not have to pass; it also passes a freeze."""


@dataclass(frozen=True, kw_only=True)
class RollbackRequest:
    """A rollback that a person with the right asked for, as the gate recorded it.

    Attributes:
        login: who asked.
        images: what is to be replaced.
        at: when; the right was looked at then.
    """

    login: str
    images: tuple[ImageReference, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RollbackCause:
    """Why a rollback is granted.

    Attributes:
        kind: a deployment that failed for certain, or a person who asked.
        asked_by: the person's login.
        url: the failed deployment.
    """

    kind: Literal["failed-deployment", "person"]
    asked_by: str = ""
    url: str = ""


def rollback_cause(
    moves: Iterable[ImageMove],
    records: Iterable[EvaluatedRecord],
    requests: Iterable[RollbackRequest] = (),
) -> RollbackCause | None:
    """The cause of a change that replaces images, recomputed; None: it has none.

    Either a person asked for exactly the images that are replaced, or the environment's newest
    proved deployment failed on all of them. Either way each image that comes back was verified
    here by a proved deployment: a failure is no reason to bring in something else. A branch's
    name, a trailer, or an App is no cause.

    Args:
        moves: what the pull request changes in this environment.
        records: the environment's deployments, in any order.
        requests: recorded by the gate, and valid.
    """
    replaced = [move for move in moves if move.before != move.after]
    if not replaced or any(move.before is None or move.after is None for move in replaced):
        return None
    finished = [one for one in records if one.proved and one.ended]
    if not all(_verified(move, finished) for move in replaced):
        return None
    for request in sorted(requests, key=lambda one: one.at, reverse=True):
        if all(_asked(move, request) for move in replaced):
            return RollbackCause(kind="person", asked_by=request.login)
    newest = max(finished, key=lambda one: (one.started, one.number))
    if newest.result is Result.FAILED and all(_failed(move, newest) for move in replaced):
        return RollbackCause(kind="failed-deployment", url=newest.url)
    return None


def returns(moves: Iterable[ImageMove], records: Iterable[EvaluatedRecord]) -> bool:
    """Whether each image that comes back was verified before the one it replaces was deployed.

    What was rolled back and is proposed again goes forward, and passes every gate.
    """
    finished = [one for one in records if one.proved and one.ended]
    return all(_earlier(move, finished) for move in moves if move.before != move.after)


def _earlier(move: ImageMove, records: Iterable[EvaluatedRecord]) -> bool:
    listed = list(records)
    first = min((one.started for one in listed if _failed(move, one)), default=None)
    good = [one for one in listed if one.result is Result.SUCCEEDED and ran(one, move) != "no"]
    return any(first is None or one.started < first for one in good)


def _asked(move: ImageMove, request: RollbackRequest) -> bool:
    return move.before is not None and any(
        matches(image, move.before) != "no" for image in request.images
    )


def _verified(move: ImageMove, records: Iterable[EvaluatedRecord]) -> bool:
    """Whether a deployment that succeeded ran the image that comes back."""
    return any(one.result is Result.SUCCEEDED and ran(one, move) != "no" for one in records)


def _failed(move: ImageMove, record: EvaluatedRecord) -> bool:
    """Whether the deployment ran the image that is replaced."""
    return ran(record, replace(move, after=move.before)) != "no"


def approvals_of_rollback(environment: Environment) -> Approvals:
    """`rollback.approvals` replaces the count; who counts, and `not-by`, stay."""
    usual = (environment.gates or Gates()).approvals
    return replace(usual, count=environment.rollback.approvals)
