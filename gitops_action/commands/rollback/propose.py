"""The proposal of a rollback: the edit or the revert, the holds, and one pull request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops_action.commands.file_proposal import (
    FileProposal,
    FilesProposed,
    commit_files,
    propose_files,
)
from gitops_action.commands.rollback.edit import NotEditableError, edits_of
from gitops_action.commands.rollback.environment import EnvironmentRollback
from gitops_action.commands.rollback.revert import EnvironmentFiles, EnvironmentRevert
from gitops_action.commands.rollback.supersede import close_held_bump
from gitops_action.core.config import Hold, frozen, held, hold_file
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.pull_request_state import ProposedChange
from gitops_action.core.report import rollback as texts
from gitops_action.core.report.rollback import RollbackView, WholeRevert
from gitops_action.core.repository import list_files
from gitops_action.core.rollback.candidates import Candidate, DescribedImages, Move, newest_first


class NothingDiffersError(NotEditableError):
    """What failed has the files of what was verified."""


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why an environment goes back.

    Attributes:
        reason: in a person's words, or a decision's.
        failed: the deployment that failed; None where none did.
        asked_by: the person who asked; empty for an automatic rollback.
    """

    reason: str
    failed: EvaluatedRecord | None
    asked_by: str = ""


def propose(
    one: EnvironmentRollback, candidate: Candidate, why: Why
) -> tuple[RollbackView, FilesProposed]:
    """Put the images back by an edit; where none does it, revert the whole change.

    Raises:
        NotEditableError: neither is possible.
        ConflictError: something has moved.
    """
    try:
        edits = edits_of(one, candidate)
    except NotEditableError as error:
        if one.inputs.mode == "commit":
            raise
        return propose_revert(one, candidate, why, error)
    view = replace(_view(one, candidate, why), files=tuple(sorted(edits)))
    return _proposed(one, view, edits)


def propose_revert(
    one: EnvironmentRollback, candidate: Candidate, why: Why, instead_of: NotEditableError
) -> tuple[RollbackView, FilesProposed]:
    """Take the environment's files back to the candidate's commit, for a person to merge.

    What was changed after the deployment that failed stays.

    Raises:
        NothingDiffersError: the files are the candidate's.
        NotEditableError: later changes are in the way, or the images would not go back with them.
        ConflictError: something has moved.
    """
    tip = one.tip
    files = EnvironmentRevert(
        store=one.ports.store,
        merge_lines=one.ports.merge_lines,
        config=one.config,
        repository=one.inputs.repository,
        tip=tip,
    ).files(
        one.environment,
        good=candidate.record.commit,
        undone=why.failed.commit if why.failed else tip.commit,
    )
    found = files.reverted
    if not (found.paths or found.returned or found.conflicts):
        raise NothingDiffersError(
            instead_of.title,
            cause=f"{instead_of.cause}, and no file differs from {candidate.record.commit[:12]}",
            fix="look for the cause outside of these files",
            location=instead_of.location,
        )
    if said := _in_the_way(files, candidate):
        raise NotEditableError(
            instead_of.title,
            cause=f"{instead_of.cause}, and the whole change cannot be reverted: {said}",
            fix=instead_of.fix,
            location=instead_of.location,
        )
    view = replace(
        _view(one, candidate, why),
        files=found.paths,
        whole=WholeRevert(
            because=instead_of.cause or "",
            environments=files.shared_with,
            beside=_beside(files, candidate),
            notes=files.notes,
        ),
    )
    return _proposed(one, view, found.changes, found.deletions)


def _in_the_way(files: EnvironmentFiles, candidate: Candidate) -> str:
    """Why these files do not take the environment back; empty where they do."""
    found = files.reverted
    if found.conflicts:
        return "; ".join(list_files(found.conflicts))
    if files.after is None:
        return "what the files come to then cannot be read"
    kept = [move for move in candidate.moves if not _moved(move, files.after)]
    return f"{kept[0].now} would stay" if kept else ""


def _moved(move: Move, after: DescribedImages) -> bool:
    images = {
        one for (name, _), every in after.items() if name == move.application for one in every
    }
    return move.then in images and move.now not in images


def _beside(files: EnvironmentFiles, candidate: Candidate) -> tuple[str, ...]:
    """The images that change with the files, besides those that go back."""
    known = {image for move in candidate.moves for image in (move.now, move.then)}
    before, after = (
        {image for every in side.values() for image in every}
        for side in (files.before, files.after or {})
    )
    return tuple(sorted(str(image) for image in (before ^ after) - known))


def _view(one: EnvironmentRollback, candidate: Candidate, why: Why) -> RollbackView:
    newest = next(iter(newest_first(one.records)), None)
    return RollbackView(
        environment=one.environment.name,
        moves=candidate.moves,
        candidate=candidate,
        undone=(why.failed or newest or candidate.record).commit,
        reason=why.reason,
        failed=why.failed.url if why.failed else "",
        cause=why.failed.description if why.failed else "",
        frozen=frozen(one.holds.holds, one.environment.name, one.ports.clock.now()) is not None,
        asked_by=why.asked_by,
        job=one.ports.job,
    )


def _proposed(
    one: EnvironmentRollback,
    view: RollbackView,
    changes: Mapping[str, bytes],
    deletions: tuple[str, ...] = (),
) -> tuple[RollbackView, FilesProposed]:
    holds, files = _holds(one, view)
    view = replace(view, holds=holds)
    proposal = FileProposal(
        branch=texts.branch(view),
        base=one.tip.branch,
        parent=one.tip.commit,
        changes={**changes, **files},
        deletions=deletions,
        title=texts.title(view),
        body=texts.body(view),
        message=texts.message(view),
    )
    return view, _settle(one, view, proposal)


def _settle(one: EnvironmentRollback, view: RollbackView, proposal: FileProposal) -> FilesProposed:
    ports = one.ports
    if one.inputs.mode == "commit":
        if one.inputs.dry_run:
            return FilesProposed(branch=one.tip.branch, reason="dry run: nothing was written")
        commit = commit_files(ports.store, proposal)
        return FilesProposed(branch=one.tip.branch, commit=commit)
    unasked = None if view.asked_by else ProposedChange(undone=view.undone)
    done = propose_files(
        ports.store, ports.forge, proposal, dry_run=one.inputs.dry_run, unasked=unasked
    )
    if not (done.declined or one.inputs.dry_run):
        close_held_bump(ports, one.tip, view, done.number)
    return done


def _holds(
    one: EnvironmentRollback, view: RollbackView
) -> tuple[tuple[Hold, ...], dict[str, bytes]]:
    """One on each image that is replaced; what is on hold already stays as it is."""
    taken = list(one.holds.holds)
    made: list[Hold] = []
    files: dict[str, bytes] = {}
    now = one.ports.clock.now().replace(microsecond=0)
    for move in view.moves:
        if held(taken, view.environment, move.application, move.now, now):
            continue
        hold = Hold(
            environment=view.environment,
            application=move.application,
            image=move.now.with_(name=move.now.repository),
            reason=view.reason or f"rolled back: {view.failed or 'no reason was given'}",
            author=view.asked_by or "gitops-action",
            since=now,
        )
        path, data = hold_file(hold, taken)
        files[path] = data
        made.append(replace(hold, file=path))
        taken.append(made[-1])
    return tuple(made), files
