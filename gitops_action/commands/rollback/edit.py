"""The edit that puts earlier images back: a bump's, so that unrelated later changes stay."""

from __future__ import annotations

from gitops_action.commands.bump.content import Base, CommitContent
from gitops_action.commands.bump.plan import PlannedEnvironment, Planner
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.bump.request import BumpRequest, VerifiedImage
from gitops_action.commands.rollback.content import KnownContent
from gitops_action.commands.rollback.environment import EnvironmentRollback
from gitops_action.core.images import ImageChange
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.plan import UneditableError, make_keep
from gitops_action.core.rollback.candidates import Candidate
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError


class NotEditableError(GitOpsError):
    """The files do not take the images back."""


def edits_of(one: EnvironmentRollback, candidate: Candidate) -> dict[str, bytes]:
    """The files with the images put back.

    Raises:
        NotEditableError: no edit does it.
    """
    return dict(_planned(one, candidate).plan.edits)


def files_of(one: EnvironmentRollback, candidate: Candidate) -> tuple[str, ...]:
    """The files that describe the images which go back, or have gone back.

    Raises:
        GitOpsError: the files do not take it.
    """
    plan = _planned(one, candidate).plan
    return tuple(sorted({line.file for line in (*plan.lines, *plan.unchanged)}))


def _planned(one: EnvironmentRollback, candidate: Candidate) -> PlannedEnvironment:
    changes = tuple(
        dict.fromkeys(
            ImageChange(
                repository=move.now.repository,
                target=move.then,
                rename=move.now.repository != move.then.repository,
            )
            for move in candidate.moves
        )
    )
    try:
        return _planner(one, candidate, changes).plan(
            one.environment,
            BumpRequest(
                images=tuple(VerifiedImage(change=each, facts=None) for each in changes), sets=()
            ),
        )
    except (UsageError, UneditableError, GitOpsErrors) as error:
        if not _is_uneditable(error):
            raise
        raise NotEditableError(
            f"The images of {one.environment.name} cannot be put back by an edit",
            cause=error.title,
            fix=f"revert the whole change: `git revert` what came after"
            f" {candidate.record.commit[:12]}, and open it as a pull request",
            location=error.location,
        ) from error


def _planner(
    one: EnvironmentRollback, candidate: Candidate, changes: tuple[ImageChange, ...]
) -> Planner:
    pinned = all(move.then.digest for move in candidate.moves)
    applications = tuple(sorted({move.application for move in candidate.moves}))
    ports = one.ports
    return Planner(
        inputs=BumpInputs(
            application=applications,
            digest="pin" if pinned else "drop",
            allow_downgrade=True,
            token=one.inputs.token,
            repository=one.inputs.repository,
        ),
        ports=BumpPorts(store=ports.store, texts=ports.texts, clock=ports.clock, job=ports.job),
        base=Base(tip=one.tip, config=one.config, holds=()),
        content=CommitContent(
            KnownContent(ports.store, one.contents),
            commit=one.tip.commit,
            config=one.config,
            applications=applications,
            keep=make_keep(changes, ()),
        ),
    )


def _is_uneditable(error: GitOpsError) -> bool:
    """Whether the files are the reason, and nothing that another try may find otherwise."""
    every = error.errors if isinstance(error, GitOpsErrors) else (error,)
    return all(isinstance(one, UsageError | UneditableError) for one in every)
