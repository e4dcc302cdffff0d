"""Act on the living pull request, by the table in the documentation of `bump`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_action.commands.bump.content import CommitContent, MisfitError, fitting
from gitops_action.commands.bump.plan import DowngradeError, HoldError, PlannedEnvironment, Planner
from gitops_action.commands.bump.pull_request import PullRequestClient, result
from gitops_action.commands.bump.request import BumpRequest
from gitops_action.core import pull_request_state
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.plan import NoMatchError, Plan, make_keep
from gitops_action.core.pull_requests import BranchFacts, NewCommit, PullRequestFacts
from gitops_action.core.report.bump import ProposalResult, ProposalView
from gitops_action.core.repository import Snapshot, blob_id
from gitops_action.core.trailers import is_promotion
from gitops_action.errors import UsageError

# Whether people changed, on our branch, the very places that a bump wants to change.


def conflict_with_people(*, base: Plan, head: Plan, ours: Iterable[ImageReference]) -> str:
    """The first place where head's value is neither base's nor one that we proposed; else empty."""
    described = {(line.file, line.path): line.old for line in base.lines}
    proposed = {text for image in ours for text in _spellings(image)}
    for line in head.lines:
        known = described.get((line.file, line.path))
        if known is not None and line.old != known and line.old not in proposed:
            place = f"{line.file}:{line.line} ({line.path})"
            return f"someone set {place} to {line.old}, and this would change it to {line.new}"
    return ""


def _spellings(image: ImageReference) -> set[str]:
    """The ways in which a file can say this version, or the name or registry it comes from."""
    tag = f":{image.tag}" if image.tag else ""
    digest = f"@{image.digest}" if image.digest else ""
    names = {image.name, image.repository, image.familiar}
    versions = {tag, digest, f"{tag}{digest}"}
    whole = {f"{name}{version}" for name in names for version in versions}
    alone = {version.lstrip(":@") for version in versions}
    return {*whole, *alone, *names, image.domain, image.path} - {""}


_SAME = "the pull request proposes exactly this already"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One environment's proposal in the making: the plan, the branch it goes to, notes on it."""

    planner: Planner
    planned: PlannedEnvironment
    client: PullRequestClient
    facts: BranchFacts
    discovered: pull_request_state.BranchState
    notes: tuple[str, ...] = ()

    def act(self) -> ProposalResult:
        """Do what the table says for the state that was found.

        Raises:
            ConflictError: the branch has moved meanwhile; nothing was moved by us: plan again.
            HoldError: the version is on hold; an open pull request for it was closed.
        """
        if self.planned.held:
            raise self._give_way_to(self.planned.held)
        if others := self._bumped():
            return self._leave_bump(others)
        if newer := self._newer():
            return self._give_precedence(newer)
        return self.move()

    def move(self) -> ProposalResult:
        """Bring the branch and its pull request to what was planned.

        Raises:
            ConflictError: the branch has moved meanwhile.
        """
        if not self.planned.plan.edits:
            return self._already_there()
        if self.discovered.situation == "refused":
            return self._leave(f"{self.discovered.reason}; set `reopen: true` to propose it again")
        if self.discovered.situation == "shared":
            return self._on_top()
        return self._rebuild()

    def _give_way_to(self, held: HoldError) -> HoldError:
        proposed = {str(change.target) for change in self.discovered.pending}
        requested = {str(change.target) for change in self.planned.requested.changes}
        if self._opened and proposed & requested:
            self._close(self._opened, f"{held.title}: {held.cause}")
        return held

    def _bumped(self) -> tuple[ImageReference, ...]:
        """Other versions that a bump proposes on the branch of this promotion.

        A bump updates whatever is open; a promotion that did so as well would undo it, in turns.
        """
        if self.planner.ports.promotion is None or self._opened is None:
            return ()
        if is_promotion(self._opened.body):
            return ()
        changes = (image.change for image in self.planned.requested.images)
        return pull_request_state.other_versions(self._opened, changes)

    def _leave_bump(self, others: tuple[ImageReference, ...]) -> ProposalResult:
        listed = ", ".join(str(one) for one in others)
        reason = f"the pull request bumps to {listed}; to promote, close it and delete its branch"
        return replace(self._leave(reason), operation="superseded")

    def _newer(self) -> dict[ImageChange, ImageReference]:
        """What the open pull request proposes already, where this run has an older version."""
        if self._opened is None or self.planner.inputs.allow_downgrade:
            return {}
        requested = self.planned.requested
        changes = [image.change for image in requested.images]
        pending = {
            change: pull_request_state.pending_of(self.discovered, change) for change in changes
        }
        return {
            change: proposed
            for change, proposed in pending.items()
            if proposed and self.planner.proposes_newer(proposed, change, requested)
        }

    def _give_precedence(self, newer: Mapping[ImageChange, ImageReference]) -> ProposalResult:
        """Leave the newer versions as they are; what this run brings beside them is proposed."""
        notes = tuple(
            f"{change.target} was left out: the pull request proposes the newer {proposed}"
            for change, proposed in newer.items()
        )
        rest = self.planned.requested.without(newer)
        if not (rest.images or rest.sets):
            left = self._leave("; ".join(notes) + "; set `allow-downgrade: true` to replace it")
            return replace(left, operation="superseded")
        planned = self.planner.plan(self.planned.environment, rest)
        return replace(self, planned=planned, notes=notes).move()

    def _already_there(self) -> ProposalResult:
        reason = f"{self.planned.view.base} describes this already"
        if self._opened is None:
            return self._leave(reason)
        if self.discovered.situation == "shared":
            return self._leave(f"{reason}, but {self.discovered.reason}", tell=True)
        return self._close(self._opened, reason)

    def _rebuild(self) -> ProposalResult:
        """Base plus the newest pending bump of each image, in one compare-and-swap."""
        planned = self._with_pending()
        same = pull_request_state.settled(
            self.facts, {p: blob_id(d) for p, d in planned.plan.edits.items()}
        )
        if same and self.discovered.situation == "reopen" and self.discovered.pull_request:
            return self._reopen(planned.view, self.discovered.pull_request)
        view = self._told(planned.view, "were left out of the branch")
        if same and self._opened:
            return self._keep(view, self._opened)
        return self._publish(view, parent=self._tip, edits=planned.plan.edits)

    def _with_pending(self) -> PlannedEnvironment:
        """The plan with what this branch proposes already; what does not fit is reported."""
        free = tuple(
            change
            for change in self.discovered.pending
            if not self.planner.hold_of(self.planned, (change,))
        )
        try:
            requested = self.planned.requested.carrying(free, self.discovered.pending_sets)
            if requested == self.planned.requested:
                return self.planned
            content = self._content(self._tip, requested)
            content.plan(fitting(lambda files: self._plan_on(files, requested)))
            planner = replace(self.planner, content=content)
            return planner.plan(self.planned.environment, requested)
        except (UsageError, MisfitError, DowngradeError) as error:
            note = f"an earlier proposal on this branch no longer fits and was dropped: {error}"
            view = replace(self.planned.view, notes=(*self.planned.view.notes, note))
            return replace(self.planned, view=view)

    def _on_top(self) -> ProposalResult:
        """Our commit on a branch that people work on: nothing of theirs is rewritten."""
        head = self.facts.head or self._tip
        content = self._content(head, self.planned.requested)
        try:
            plan = content.plan(fitting(lambda files: self._plan_on(files, self.planned.requested)))
        except (MisfitError, NoMatchError) as error:
            return self._leave(f"this does not fit what people changed here: {error}", tell=True)
        ours = [change.target for change in self.discovered.pending]
        if conflict := conflict_with_people(base=self.planned.plan, head=plan, ours=ours):
            return self._leave(conflict, tell=True)
        view = replace(self.planned.view, lines=plan.lines or self.planned.view.lines)
        view = self._told(view, f"are still on it: rebase it onto {view.base} before merging")
        if not plan.edits and self._opened:
            if self.discovered.former:
                self.client.tell(self._opened, view.notes[-1])
            return self._keep(view, self._opened)
        return self._publish(view, parent=head, edits=plan.edits)

    def _told(self, view: ProposalView, what: str) -> ProposalView:
        """Add the notes, and what became of commits that base was force-pushed away from."""
        view = replace(view, notes=(*view.notes, *self.notes))
        if not self.discovered.former:
            return view
        note = (
            f"{view.base} was force-pushed: {self.discovered.former} of its former commits, which "
            f"the branch was made on, {what}"
        )
        return replace(view, notes=(*view.notes, note))

    def _keep(self, view: ProposalView, opened: PullRequestFacts) -> ProposalResult:
        """The content stays; labels, reviewers, assignees and auto-merge are applied."""
        kept = self.client.keep(view, opened, branch=self.facts.name)
        return replace(kept, reason=_SAME)

    def _plan_on(self, files: Snapshot, requested: BumpRequest) -> Plan:
        return self.planner.on(files, self.planned.environment, requested)

    def _content(self, commit: str, requested: BumpRequest) -> CommitContent:
        return CommitContent(
            self.planner.ports.store,
            commit=commit,
            config=self.planner.base.config,
            applications=(),
            keep=make_keep(requested.changes, requested.sets),
        )

    def _publish(
        self, view: ProposalView, *, parent: str, edits: Mapping[str, bytes]
    ) -> ProposalResult:
        if self.planner.inputs.dry_run:
            verb = "update the" if self._opened else "open a"
            return self._leave(f"dry run: would {verb} pull request")
        commit = self._write(view, parent=parent, edits=edits) if edits else self.facts.head or ""
        if self._opened:
            branch = self.facts.name
            return self.client.update(view, self._opened, branch=branch, commit=commit)
        return self.client.open(view, branch=self.facts.name, commit=commit)

    def _write(self, view: ProposalView, *, parent: str, edits: Mapping[str, bytes]) -> str:
        return self.planner.ports.store.write(
            NewCommit(
                branch=self.facts.name,
                expected=pull_request_state.expected_head(self.facts),
                parent=parent,
                changes=edits,
                message=self.planner.ports.texts.commit_message(view),
            )
        )

    def _reopen(self, view: ProposalView, closed: PullRequestFacts) -> ProposalResult:
        if self.planner.inputs.dry_run:
            return self._leave("dry run: would open the pull request again")
        return self.client.reopen(view, closed, branch=self.facts.name)

    def _close(self, opened: PullRequestFacts, reason: str) -> ProposalResult:
        return self.client.close(self.planned.view, opened, branch=self.facts.name, reason=reason)

    def _leave(self, reason: str, *, tell: bool = False) -> ProposalResult:
        """Nothing moves; the reason is reported, on the pull request too if it matters.

        A branch without a pull request has no place for it: the run warns instead.
        """
        view = self.planned.view
        if tell and self._opened:
            self.client.tell(self._opened, reason)
        elif tell:
            note = (
                f"the branch {self.facts.name} has no open pull request and was left as it is: "
                f"{reason}; delete the branch, or set `branch` to another name"
            )
            view = replace(view, notes=(*view.notes, note))
        found = self.discovered.pull_request
        return result(view, found, branch=self.facts.name, reason=reason)

    @property
    def _tip(self) -> str:
        """The commit of the base branch that the plan was made on; GitHub's may be newer."""
        return self.planner.base.tip.commit

    @property
    def _opened(self) -> PullRequestFacts | None:
        found = self.discovered.pull_request
        return found if found and found.state == "open" else None
