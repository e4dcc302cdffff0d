"""The pull request around a branch: open it, keep its words, decorate, comment, close."""

from __future__ import annotations

from dataclasses import replace

from gitops_action.commands.ports import Forge, Texts
from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.pull_request_state import CLOSED_BY_US
from gitops_action.core.pull_requests import Decoration, NewPullRequest, Operation, PullRequestFacts
from gitops_action.core.report.bump import ProposalResult, ProposalView, trailers_of
from gitops_action.core.trailers import IMAGE, is_promotion, parse_trailers
from gitops_action.errors import ConflictError, UsageError

COMMENT_MARKER = "<!-- gitops-action: bump -->"
READY = "gitops/ready"


@dataclass(frozen=True, kw_only=True)
class PullRequestClient:
    """Everything that is done to a pull request beside moving its branch.

    In a dry run nothing is done, and each result says what would have been.
    """

    forge: Forge
    texts: Texts
    inputs: BumpInputs
    environment: Environment

    def open(self, view: ProposalView, *, branch: str, commit: str) -> ProposalResult:
        """Open the pull request."""
        opened = self.forge.open(
            NewPullRequest(
                branch=branch,
                base=view.base,
                title=self.texts.title(view),
                body=self.texts.body(view),
                draft=self.inputs.pull_request_draft,
            )
        )
        opened = replace(opened, head_oid=commit)
        return self._finish(view, opened, branch=branch, operation="created")

    def update(
        self, view: ProposalView, opened: PullRequestFacts, *, branch: str, commit: str
    ) -> ProposalResult:
        """Bring title and body of an open one up to date.

        Raises:
            ConflictError: it was merged or closed meanwhile, so nothing proposes our commit now.
        """
        title, body = self._words(view, opened)
        now = self.forge.edit(opened.number, title=title, body=body)
        if now.state != "open":
            raise ConflictError(f"#{opened.number} was {now.state} meanwhile")
        opened = replace(opened, head_oid=commit)
        return self._finish(view, opened, branch=branch, operation="updated")

    def _words(self, view: ProposalView, opened: PullRequestFacts) -> tuple[str, str]:
        """Title and body; a promotion whose very images are planned again keeps its own."""
        promoted = is_promotion(opened.body) and view.promotion is None
        images = tuple(value for key, value in trailers_of(view) if key == IMAGE)
        if promoted and images == parse_trailers(opened.body).get(IMAGE, ()):
            return opened.title, opened.body
        return self.texts.title(view), self.texts.body(view)

    def reopen(
        self, view: ProposalView, closed: PullRequestFacts, *, branch: str
    ) -> ProposalResult:
        """Open a closed one again, as it was."""
        self.forge.reopen(closed.number)
        return self._finish(view, closed, branch=branch, operation="updated")

    def keep(self, view: ProposalView, opened: PullRequestFacts, *, branch: str) -> ProposalResult:
        """Leave its content and words, and apply what was requested beside them."""
        if self.inputs.dry_run:
            return result(view, opened, branch=branch)
        return self._finish(view, opened, branch=branch, operation="unchanged")

    def close(
        self, view: ProposalView, opened: PullRequestFacts, *, branch: str, reason: str
    ) -> ProposalResult:
        """Close with the reason, marked as ours so that nobody takes it for a person's no."""
        if self.inputs.dry_run:
            return result(view, opened, branch=branch, reason=f"dry run: would close it: {reason}")
        if CLOSED_BY_US not in opened.body:
            body = f"{CLOSED_BY_US}\n{opened.body}"
            self.forge.edit(opened.number, title=opened.title, body=body)
        self.forge.close(opened.number, reason=self.texts.remark(reason))
        closed = result(view, opened, branch=branch, reason=reason)
        return replace(closed, operation="closed")

    def tell(self, opened: PullRequestFacts, reason: str) -> None:
        """Say on the pull request why nothing moved; one comment, kept up to date."""
        if not self.inputs.dry_run:
            body = self.texts.remark(reason)
            self.forge.comment(opened.number, body=body, marker=COMMENT_MARKER)

    def _finish(
        self,
        view: ProposalView,
        pull_request: PullRequestFacts,
        *,
        branch: str,
        operation: Operation,
    ) -> ProposalResult:
        notes = self.forge.decorate(pull_request.number, self._decoration())
        if self.inputs.auto_merge != "none":
            note = self.forge.auto_merge(pull_request, self.inputs.auto_merge)
            notes = (*notes, note) if note else notes
        view = replace(view, notes=(*view.notes, *notes))
        return replace(result(view, pull_request, branch=branch), operation=operation)

    def _decoration(self) -> Decoration:
        return Decoration(
            labels=self.inputs.pull_request_labels,
            reviewers=self.inputs.pull_request_reviewers,
            team_reviewers=self.inputs.pull_request_team_reviewers,
            assignees=self.inputs.pull_request_assignees,
        )

    def refuse_unguarded_auto_merge(self, base: str) -> None:
        """Auto-merge must not slip past gates that nothing enforces.

        Raises:
            UsageError: the environment has gates, and `gitops/ready` is not required on base.
        """
        guarded = self.inputs.auto_merge == "none" or self.environment.gates is None
        if guarded or READY in self.forge.required_statuses(base):
            return
        raise UsageError(
            f"`auto-merge` would pass the gates of {self.environment.name} by",
            cause=f"the status `{READY}` is not required on {base}",
            fix=f"require `{READY}` by a ruleset or branch protection, or leave the merge to it",
        )


def result(
    view: ProposalView,
    pull_request: PullRequestFacts | None,
    *,
    branch: str = "",
    reason: str = "",
) -> ProposalResult:
    """The result that names this pull request, with nothing done to it."""
    return ProposalResult(
        view=view,
        operation="unchanged" if pull_request else None,
        number=pull_request.number if pull_request else None,
        url=pull_request.url if pull_request else "",
        branch=branch,
        commit=pull_request.head_oid if pull_request else "",
        reason=reason,
    )
