"""A rollback that the base has already: what an interrupted run left to report."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.commands.file_proposal import FilesProposed
from gitops_action.commands.rollback.announce import Announced, announce_rollback
from gitops_action.commands.rollback.environment import EnvironmentRollback
from gitops_action.core.config import Hold, held
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.report import rollback as texts
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.rollback.candidates import Candidate, Move, newest_first, same_state
from gitops_action.errors import GitOpsError

_NEWEST = 2
"""The failure is the newest deployment, or the one before the rollback's own."""


def announce_merged(one: EnvironmentRollback) -> Announced:
    """Notify of the rollback of the newest failure, where its pull request is merged.

    What was written before stays as it is, so that any number of runs comes to the same.
    """
    try:
        view = _merged_view(one)
        done = _pull_request(one, view) if view else None
    except GitOpsError as error:
        note = f"whether a rollback was reported is not known: {error.title}"
        return Announced(notes=(note,))
    if view is None or done is None:
        return Announced()
    return announce_rollback(one.ports, one.config, view, done, failed=_failure(_ended(one)))


def _ended(one: EnvironmentRollback) -> list[EvaluatedRecord]:
    records = newest_first(one.records)
    return [each for each in records if each.proved and each.ended and not each.destroyed]


def _failure(ended: Sequence[EvaluatedRecord]) -> EvaluatedRecord | None:
    return next((each for each in ended[:_NEWEST] if each.result is Result.FAILED), None)


def _merged_view(one: EnvironmentRollback) -> RollbackView | None:
    """The rollback as the base has it; None where it does not have all of it."""
    ended = _ended(one)
    failed = _failure(ended)
    if failed is None:
        return None
    older = ended[ended.index(failed) + 1 :]
    for good in (each for each in older if each.result is Result.SUCCEEDED):
        returned = _returned(one, failed, good)
        if returned:
            candidate = Candidate(record=good, moves=tuple(move for move, _ in returned))
            holds = tuple(dict.fromkeys(hold for _, hold in returned))
            return RollbackView(
                environment=one.environment.name,
                moves=candidate.moves,
                candidate=candidate,
                undone=failed.commit,
                reason=holds[0].reason,
                failed=failed.url,
                cause=failed.description,
                holds=holds,
                files=one.files_of(candidate),
                job=one.ports.job,
            )
    return None


def _returned(
    one: EnvironmentRollback, failed: EvaluatedRecord, good: EvaluatedRecord
) -> list[tuple[Move, Hold]]:
    """Images that failed, are on hold, and were replaced by those of the earlier deployment."""
    before, then, now = one.content(failed.commit), one.content(good.commit), one.now()
    found = []
    for (application, repository), images in (before or {}).items():
        key = application, repository
        if not then or same_state(now, before or {}, [key]) or not same_state(now, then, [key]):
            continue
        for image in images:
            hold = held(
                [each for each in one.holds.holds if each.image],
                one.environment.name,
                application,
                image,
                one.ports.clock.now(),
            )
            if hold:
                found.append((Move(application=application, now=image, then=then[key][0]), hold))
    return found


def _pull_request(one: EnvironmentRollback, view: RollbackView) -> FilesProposed | None:
    facts = one.ports.forge.branch(
        name=texts.branch(view), base=one.tip.branch, base_oid=one.tip.commit, paths=()
    )
    merged = next((each for each in facts.pull_requests if each.state == "merged"), None)
    if merged is None:
        return None
    return FilesProposed(number=merged.number, url=merged.url, branch=facts.name)
