"""A rollback that the base has already: what an interrupted run left to report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitops_action.commands.file_proposal import FilesProposed
from gitops_action.commands.rollback.announce import (
    Announced,
    announce_break_glass,
    announce_rollback,
)
from gitops_action.commands.rollback.edit import files_of
from gitops_action.commands.rollback.environment import EnvironmentRollback
from gitops_action.core.config import Hold, held
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.history.rows import read_image
from gitops_action.core.images import ImageReference
from gitops_action.core.report import rollback as texts
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.rollback.candidates import Candidate, Move, newest_first, same_state
from gitops_action.errors import GitOpsError

_NEWEST = 2
"""What went back is the newest deployment, or the one before the rollback's own."""


def announce_returned(one: EnvironmentRollback) -> Announced:
    """Notify of the rollback of the newest deployments that the base has.

    What was written before stays as it is, so that any number of runs comes to the same.
    """
    if one.changed_applications:
        one = replace(one, whole=True)  # the newest deployment may have changed others
    try:
        view = _returned_view(one)
        done = (_pull_request(one, view) or _commit(one, view)) if view else None
    except GitOpsError as error:
        note = f"whether a rollback was reported is not known: {error.title}"
        return Announced(notes=(note,))
    if view is None or done is None:
        return Announced()
    failed = next((each for each in _ended(one) if each.url == view.failed), None)
    said = announce_rollback(one.ports, one.config, view, done, failed=failed)
    return said if done.number else said + announce_break_glass(one.ports, view, done.commit)


def _ended(one: EnvironmentRollback) -> list[EvaluatedRecord]:
    records = newest_first(one.records)
    return [each for each in records if each.proved and each.ended and not each.destroyed]


def _returned_view(one: EnvironmentRollback) -> RollbackView | None:
    """The rollback as the base has it; None where it does not have all of it."""
    ended = _ended(one)
    for place, undone in enumerate(ended[:_NEWEST]):
        if undone.result is not Result.FAILED and not _is_held(one, undone):
            continue
        for good in ended[place + 1 :]:
            if good.result is Result.SUCCEEDED and (found := _returned(one, undone, good)):
                return _view(one, undone, good, found)
    return None


def _is_held(one: EnvironmentRollback, record: EvaluatedRecord) -> bool:
    """Whether a version that a deployment names is on hold: cheap to see, and seldom so."""
    return any(
        _hold_on(one, application, image)
        for application, texts in record.applications.items()
        for image in filter(None, map(read_image, texts))
    )


def _hold_on(one: EnvironmentRollback, application: str, image: ImageReference) -> Hold | None:
    versions = [each for each in one.holds.holds if each.image]
    return held(versions, one.environment.name, application, image, one.ports.clock.now())


def _view(
    one: EnvironmentRollback,
    undone: EvaluatedRecord,
    good: EvaluatedRecord,
    returned: Sequence[tuple[Move, Hold]],
) -> RollbackView:
    candidate = Candidate(record=good, moves=tuple(move for move, _ in returned))
    holds = tuple(dict.fromkeys(hold for _, hold in returned))
    failed = undone.result is Result.FAILED
    return RollbackView(
        environment=one.environment.name,
        moves=candidate.moves,
        candidate=candidate,
        undone=undone.commit,
        reason=holds[0].reason,
        failed=undone.url if failed else "",
        cause=undone.description if failed else "",
        holds=holds,
        files=files_of(one, candidate),
        asked_by=holds[0].author,
        job=one.ports.job,
    )


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
            hold = _hold_on(one, application, image)
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


def _commit(one: EnvironmentRollback, view: RollbackView) -> FilesProposed | None:
    """The commit that brought images and holds without a pull request (`mode: commit`)."""
    holds = [hold.file for hold in view.holds]
    brought, held_by = (
        {
            each.commit
            for each in one.ports.origins.between(view.undone, one.tip.commit, paths=paths)
            if each.pull_request is None
        }
        for paths in (view.files, holds)
    )
    both = brought & held_by
    return FilesProposed(branch=one.tip.branch, commit=both.pop()) if len(both) == 1 else None
