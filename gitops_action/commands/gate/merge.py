"""Merges a pull request: everything is read and evaluated again, then GitHub guards the head.

GitHub's merge takes the expected head, and nothing of the base. So the merge is looked at
afterwards: its first parent has to be the base that was evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_action.commands.gate.evaluate import EvaluatedPull, Evaluator
from gitops_action.commands.gate.ports import GatePorts, MergeQueue
from gitops_action.commands.gate.publish import Publisher, WriteBudget
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.open_pull_request import MergeAnswer, OpenPullRequest
from gitops_action.core.markdown import escape
from gitops_action.core.outcome import Notice
from gitops_action.errors import GitOpsError

TRIES = 4
_MOST_PARENTS = 100


@dataclass(frozen=True, kw_only=True)
class MergeResult:
    """What became of a merge.

    Attributes:
        merged: whether it is merged, by whomever.
        gone: whether the pull request is open no longer for another reason.
        latest: how it was evaluated last; None where it was not evaluated again.
    """

    merged: bool = False
    gone: bool = False
    latest: EvaluatedPull | None = None
    notices: tuple[Notice, ...] = ()


class Merger:
    """Merges pull requests whose gates are open."""

    def __init__(
        self,
        ports: GatePorts,
        publisher: Publisher,
        evaluator: Callable[[Sequence[OpenPullRequest]], Evaluator],
        budget: WriteBudget,
        queue: MergeQueue | None = None,
    ) -> None:
        """`evaluator` reads the base, its holds and its records as they are when it is called.

        `queue` is what the base merges by; None where it has none.
        """
        self._queue = queue
        self._ports = ports
        self._publisher = publisher
        self._evaluator = evaluator
        self._budget = budget

    def merge(self, found: EvaluatedPull) -> MergeResult:
        """Merge, as long as everything stays open while it is read again.

        Raises:
            GitOpsError: something could not be read or written.
        """
        number = found.pull.number
        reason = ""
        for attempt in range(1, TRIES + 1):
            if attempt > 1:
                self._ports.clock.pause(attempt)
            pull = self._ports.pull_requests.read(number)
            if pull is None:
                # Closed or merged by someone meanwhile: there is nothing left to do.
                return MergeResult(gone=True)
            now = self._evaluator([pull]).evaluate(pull)
            whole = self._publisher.publish(now)
            if not now.merges:
                text = f"#{number} was not merged: {now.report.verdict.text}"
                return MergeResult(latest=now, notices=(Notice(level="notice", text=text),))
            if not whole or not self._budget.spend():
                text = f"#{number} is left to the next run: this one has written enough"
                return MergeResult(latest=now, notices=(Notice(level="warning", text=text),))
            answer = self._merged(now)
            if answer.kind == "queued":
                text = f"#{number} was put into the merge queue"
                return MergeResult(latest=now, notices=(Notice(level="notice", text=text),))
            if answer.kind == "merged":
                return MergeResult(
                    merged=True, latest=now, notices=self._checked(now, answer.commit)
                )
            reason = answer.reason
            if answer.kind == "blocked":
                break
        text = f"#{number} was not merged: {reason}"
        return MergeResult(notices=(Notice(level="warning", text=text),))

    def _merged(self, found: EvaluatedPull) -> MergeAnswer:
        """By the queue where the base has one: it ignores our method and title."""
        number, head = found.pull.number, found.pull.head
        if self._queue is not None:
            return self._queue.enqueue(number, head=head)
        return self._ports.merges.merge(number, head=head, method=found.method, title=_title(found))

    def _checked(self, found: EvaluatedPull, commit: str) -> tuple[Notice, ...]:
        """Compare the merge's first parent with the base that was evaluated."""
        judged = found.report.base
        try:
            parents = self._ports.merges.first_parents(
                commit, most=_MOST_PARENTS if found.method == "rebase" else 1
            )
            if not parents or judged in parents:
                return ()
            changed = self._changed(judged, parents[0])
        except GitOpsError as error:
            text = f"the merge of #{found.pull.number} could not be checked: {error}"
            return (Notice(level="warning", text=text),)
        inside = sorted(path for path in changed if self._concerns(found, path))
        text = (
            f"#{found.pull.number} was merged into {parents[0][:12]}, and evaluated on"
            f" {judged[:12]}: the base moved in between"
        )
        if inside:
            text += f", in files of the same environment: {', '.join(inside[:5])}"
        return (Notice(level="error" if inside else "notice", text=text),)

    def _changed(self, judged: str, actual: str) -> frozenset[str]:
        before, after = (self._ports.trees.at(commit).files for commit in (judged, actual))
        every = before.keys() | after.keys()
        return frozenset(path for path in every if before.get(path) != after.get(path))

    def _concerns(self, found: EvaluatedPull, path: str) -> bool:
        """Whether a file belongs to what an environment of the change renders to."""
        scopes = found.change.scopes if found.change else ()
        return any(path in one.files or one.environment.contains(path) for one in scopes)


def _title(found: EvaluatedPull) -> str:
    """A squash's subject: the pull request's title could hold anything, so its number is added."""
    if found.method != "squash":
        return ""

    return f"{escape(found.report.title)} (#{found.pull.number})"
