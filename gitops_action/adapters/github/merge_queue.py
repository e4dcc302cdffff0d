"""The merge queue of a branch. Fulfils the port `MergeQueue` of the gate."""

from __future__ import annotations

from gitops_action.adapters.github import gate_queries
from gitops_action.adapters.github.branch import actor
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import HTTP_OK, Purpose, RequestFailure
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.gates.merge_queue import MergeQueueState, QueueEntry, QueueRemoval
from gitops_action.core.gates.open_pull_request import MergeAnswer
from gitops_action.errors import GitOpsError

_PAGE = 100
_FORBIDDEN = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})


class GitHubMergeQueue:
    """The queue of one repository's branches."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._known: dict[str, bool] = {}

    def read(self, branch: str) -> MergeQueueState | None:
        """What waits for the branch; None where it has no queue.

        Raises:
            GitOpsError: it has one, which cannot be read.
        """
        if branch not in self._known:
            self._known[branch] = self._has_queue(branch)
        if not self._known[branch]:
            return None
        variables = owner_and_name(self._repository) | {"branch": branch}
        answer = self._client.graphql(
            gate_queries.MERGE_QUEUE, variables, self._purpose("read the merge queue")
        )
        nodes = answer.at("repository", "mergeQueue", "entries").each("nodes")
        entries = (_entry(node) for node in nodes)
        return MergeQueueState(entries={one.number: one for one in entries})

    def _has_queue(self, branch: str) -> bool:
        """By the rules of the branch, for which read access suffices.

        An Enterprise Server without merge queues may not know the address.
        """
        path = self._client.path(self._repository, "rules", "branches", branch)
        purpose = Purpose(
            operation="read the branch's rules",
            permission="metadata: read",
            repository=self._repository,
        )
        query = {"per_page": _PAGE}
        try:
            answer = self._client.reading(
                lambda: self._client.rest("GET", path, query=query), purpose
            )
        except GitOpsError:
            return False
        return any(rule.text("type") == "merge_queue" for rule in replies(answer, "rules"))

    def removal(self, number: int) -> QueueRemoval | None:
        """The last time that a pull request left the queue; None where it never did.

        Raises:
            GitOpsError: it cannot be read.
        """
        events = self._pull(number).at("timelineItems").each("nodes")
        for node in events:
            if at := node.moment("createdAt"):
                return QueueRemoval(
                    at=at,
                    reason=node.text("reason").lower(),
                    by=actor(node.at("actor")),
                )
        return None

    def enqueue(self, number: int, *, head: str) -> MergeAnswer:
        """Put a pull request in, if its head is still this one.

        Raises:
            GitOpsError: GitHub refused for a reason that is not the pull request's.
        """
        identifier = self._pull(number).text("id")
        purpose = self._purpose(f"put #{number} into the merge queue", writes=True)

        def attempt() -> MergeAnswer:
            try:
                self._client.mutate(gate_queries.ENQUEUE, {"id": identifier, "head": head})
            except RequestFailure as failure:
                refused = failure.status == HTTP_OK and not failure.limited
                if not refused or _FORBIDDEN & set(failure.kinds):
                    raise
                moved = "expected head" in failure.message.lower()
                return MergeAnswer(kind="moved" if moved else "blocked", reason=failure.message)
            return MergeAnswer(kind="queued")

        return self._client.writing(attempt, lambda: self._queued(number), purpose)

    def dequeue(self, number: int) -> None:
        """Take a pull request out.

        Raises:
            GitOpsError: it is still in.
        """
        identifier = self._pull(number).text("id")
        purpose = self._purpose(f"take #{number} out of the merge queue", writes=True)

        def attempt() -> bool:
            try:
                self._client.mutate(gate_queries.DEQUEUE, {"id": identifier})
            except RequestFailure as failure:
                if "not in the merge queue" not in failure.message.lower():
                    raise
            return True

        self._client.writing(attempt, lambda: None if self._queued(number) else True, purpose)

    def _queued(self, number: int) -> MergeAnswer | None:
        variables = owner_and_name(self._repository) | {"number": number}
        found = self._client.mutate(gate_queries.QUEUED_PULL_REQUEST, variables)
        return (
            MergeAnswer(kind="queued")
            if found.at("repository", "pullRequest").flag("isInMergeQueue")
            else None
        )

    def _pull(self, number: int) -> Reply:
        variables = owner_and_name(self._repository) | {"number": number}
        answer = self._client.graphql(
            gate_queries.QUEUED_PULL_REQUEST, variables, self._purpose("read the merge queue")
        )
        return answer.at("repository", "pullRequest")

    def _purpose(self, operation: str, *, writes: bool = False) -> Purpose:
        return Purpose(
            operation=operation,
            permission="merge-queues: write",
            repository=self._repository,
            writes=writes,
        )


def _entry(node: Reply) -> QueueEntry:
    return QueueEntry(
        number=node.at("pullRequest").number("number"),
        group=node.at("headCommit").text("oid"),
        base=node.at("baseCommit").text("oid"),
        at=node.moment("enqueuedAt"),
    )
