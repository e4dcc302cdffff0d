"""Merges a pull request at an expected head, and looks at what became of it."""

from __future__ import annotations

from datetime import datetime

from gitops_action.adapters.github import errors
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.gate_queries import MERGED_PULL_REQUESTS
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.gates.base_history import BaseMerge
from gitops_action.core.gates.open_pull_request import MergeAnswer
from gitops_action.core.pull_requests import MergeMethod

_REFUSED = frozenset(
    {
        errors.HTTP_NOT_ALLOWED,
        errors.HTTP_CONFLICT,
        errors.HTTP_UNPROCESSABLE,
        errors.HTTP_FORBIDDEN,
    }
)
_MOVED = ("head branch was modified", "base branch was modified", "is not mergeable")
_CONFLICT = ("merge conflict", "conflicts")


class GitHubMerges:
    """Merges in one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def merge(self, number: int, *, head: str, method: MergeMethod, title: str) -> MergeAnswer:
        """Merge, if the head is still this one; one that is merged already counts as merged.

        Raises:
            GitOpsError: GitHub refused for a reason that is not the pull request's.
        """
        path = self._client.path(self._repository, "pulls", str(number), "merge")
        body: dict[str, object] = {"sha": head, "merge_method": method}
        if method != "rebase" and title:
            body["commit_title"] = title
        purpose = errors.Purpose(
            operation=f"merge #{number}",
            permission="contents: write",
            repository=self._repository,
            writes=True,
        )

        def attempt() -> MergeAnswer:
            try:
                answer = Reply(self._client.rest("PUT", path, body), "merge")
            except errors.RequestFailure as failure:
                if failure.status not in _REFUSED or failure.limited:
                    raise
                return self._merged(number) or _refusal(failure.message)
            return MergeAnswer(kind="merged", commit=answer.text("sha"))

        return self._client.writing(attempt, lambda: self._merged(number), purpose)

    def first_parents(self, commit: str, *, most: int) -> tuple[str, ...]:
        """The commits behind this one by first parents, nearest first.

        Raises:
            GitOpsError: they cannot be read.
        """
        found: list[str] = []
        here = commit
        while here and len(found) < most:
            here = self._first_parent(here)
            found += [here] if here else []
        return tuple(found)

    def _first_parent(self, commit: str) -> str:
        purpose = errors.Purpose(
            operation="read the merge", permission="contents: read", repository=self._repository
        )
        path = self._client.path(self._repository, "git", "commits", commit)
        answer = self._client.reading(lambda: self._client.rest("GET", path), purpose)
        parents = Reply(answer, "commit").each("parents")
        return next((parent.text("sha") for parent in parents), "")

    def into(self, branch: str) -> tuple[BaseMerge, ...]:
        """The newest merges into a branch, in any order.

        Raises:
            GitOpsError: they cannot be read.
        """
        purpose = errors.Purpose(
            operation=f"list what was merged into {branch}",
            permission="pull-requests: read",
            repository=self._repository,
        )
        variables = {**owner_and_name(self._repository), "base": branch}
        answer = self._client.graphql(MERGED_PULL_REQUESTS, variables, purpose)
        nodes = answer.at("repository", "pullRequests").each("nodes")
        return tuple(_base_merge(node) for node in nodes)

    def _merged(self, number: int) -> MergeAnswer | None:
        """The pull request, where it is merged; one try."""
        path = self._client.path(self._repository, "pulls", str(number))
        found = Reply(self._client.rest("GET", path), "pull request")
        if not found.flag("merged"):
            return None
        return MergeAnswer(kind="merged", commit=found.text("merge_commit_sha"))


def _base_merge(node: Reply) -> BaseMerge:
    commit = node.at("mergeCommit")
    parents = commit.at("parents").each("nodes")
    return BaseMerge(
        commit=commit.text("oid"),
        parent=next((one.text("oid") for one in parents), ""),
        at=datetime.fromisoformat(node.text("mergedAt")),
    )


def _refusal(message: str) -> MergeAnswer:
    """GitHub gives 405 and 409 for several reasons, which only the message distinguishes."""
    words = message.lower()
    if any(sign in words for sign in _CONFLICT):
        return MergeAnswer(kind="conflict", reason=message)
    if any(sign in words for sign in _MOVED):
        return MergeAnswer(kind="moved", reason=message)
    return MergeAnswer(kind="blocked", reason=message)
