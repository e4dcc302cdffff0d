"""Merge queues: takes pull requests out that may not merge, and judges the groups of the others.

A group is the base, the entries before a pull request, and the pull request itself. What is
required of pull requests is required of groups too, on the group's own commit: only this job, which
runs the default branch's code, can say so as the gate's App.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gitops_action.commands.gate.evaluate import EvaluatedPull, Evaluator
from gitops_action.commands.gate.ports import GatePorts, MergeQueue
from gitops_action.commands.gate.publish import WriteBudget
from gitops_action.core.deployments.records import CommitState, CommitStatus, one_line
from gitops_action.core.gates.merge_queue import NO_WORKFLOW_AFTER, MergeQueueState, QueueEntry
from gitops_action.core.gates.open_pull_request import OpenPullRequest, OpenPullRequests
from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.markdown import escape
from gitops_action.core.outcome import Notice
from gitops_action.core.redaction.known import concealed
from gitops_action.errors import GitOpsError

VALIDATE_WORKFLOW = ".github/workflows/validate.yml"


class QueueKeeper:
    """Keeps the queue of the base branch."""

    def __init__(
        self,
        ports: GatePorts,
        queue: MergeQueue,
        listing: OpenPullRequests,
        evaluator: Callable[[Sequence[OpenPullRequest]], Evaluator],
        budget: WriteBudget,
    ) -> None:
        """`evaluator` reads the base as it is when it is called."""
        self._ports = ports
        self._queue = queue
        self._listing = listing
        self._evaluator = evaluator
        self._budget = budget

    def stays_out(self, pull: OpenPullRequest) -> str:
        """Why a pull request is not put in again; empty where it may be.

        Raises:
            GitOpsError: what happened to it cannot be read.
        """
        removal = self._queue.removal(pull.number)
        if removal is None:
            return ""
        repository = self._ports.repository
        branches = ((pull.head_repository or repository, pull.branch), (repository, pull.base))
        pushes = (
            self._ports.activity.pushes(where, branch, enough=lambda _push: True)
            for where, branch in branches
        )
        moved = [found[0].at for found in pushes if found]
        if not removal.blocks(viewer=self._listing.viewer.login, moved=moved):
            return ""
        why = removal.reason.replace("_", " ") or "no reason is given"
        return (
            f"taken out of the merge queue ({why}); it is put in again once its head or"
            f" `{pull.base}` has changed"
        )

    def keep(self, state: MergeQueueState) -> tuple[Notice, ...]:
        """Judge each entry again: take out what may not merge, and say so of each group."""
        notices: list[Notice] = []
        for entry in state.entries.values():
            try:
                notices += self._kept(entry)
            except GitOpsError as error:
                text = f"#{entry.number} in the merge queue could not be judged: {error}"
                notices.append(Notice(level="error", text=text))
        return tuple(notices)

    def _kept(self, entry: QueueEntry) -> tuple[Notice, ...]:
        pull = self._ports.pull_requests.read(entry.number)
        if pull is None:
            return ()
        evaluator = self._evaluator([pull])
        found = evaluator.evaluate(pull)
        if found.report.ready and found.report.plan != "off":
            if entry.group:
                self._say(entry, *self._group(evaluator, found, entry))
            return ()
        # By ourselves, and not by a failure of its group: it comes back when its gates are open.
        try:
            self._queue.dequeue(entry.number)
        except GitOpsError:
            if entry.group:
                self._say(entry, "failure", found.report.verdict.text)
            raise
        text = f"#{entry.number} was taken out of the merge queue: {found.report.verdict.text}"
        return (Notice(level="notice", text=text),)

    def _group(
        self, evaluator: Evaluator, found: EvaluatedPull, entry: QueueEntry
    ) -> tuple[CommitState, str]:
        """What its group comes to, on top of the entries before it."""
        group = evaluator.group(found.pull, base=entry.base, head=entry.group)
        if group.problem:
            return "failure", group.problem
        if group.digest != found.report.digest and _approved(found):
            return "failure", "refused: in the group it is not the change that was approved"
        if not self._validates(found, entry, removed=VALIDATE_WORKFLOW in group.removed):
            return "failure", "invalid: no workflow has validated the merge group"
        return "success", found.report.verdict.text

    def _validates(self, found: EvaluatedPull, entry: QueueEntry, *, removed: bool) -> bool:
        """Whether a workflow will report: else the queue waits until its own time is up."""
        if removed:
            return False
        waited = found.report.now - entry.at if entry.at else None
        if waited is None or waited < NO_WORKFLOW_AFTER:
            return True
        facts = self._ports.checks.of(entry.group)
        return bool(facts.unread) or any(one.kind == "check-run" for one in facts.reports)

    def _say(self, entry: QueueEntry, state: CommitState, text: str) -> None:
        status = CommitStatus(
            context=READY_CONTEXT,
            state=state,
            description=one_line(escape(concealed(text))),
            url="",
        )
        viewer = self._listing.viewer.login
        known = next(iter(self._ports.statuses.history(entry.group, READY_CONTEXT)), None)
        same = known is not None and known.creator == viewer
        if known and same and (known.state, known.description) == (state, status.description):
            return
        if self._budget.spend():
            self._ports.statuses.set(entry.group, status)


def _approved(found: EvaluatedPull) -> bool:
    return any(one.gate == "approvals" for one in found.report.verdict.results)


def with_outcome(found: EvaluatedPull, outcome: str) -> EvaluatedPull:
    """The same, with what became of it beside the gates."""
    return replace(found, report=replace(found.report, outcome=outcome)) if outcome else found
