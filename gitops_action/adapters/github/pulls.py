"""Pull requests of the environment repository. Fulfils the port `Forge`."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.adapters.github.branch import read_branch
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.comments import write_comment
from gitops_action.adapters.github.content_read import read_files
from gitops_action.adapters.github.content_write import move_ref
from gitops_action.adapters.github.decorate import decorate
from gitops_action.adapters.github.failures import HTTP_UNPROCESSABLE, Purpose, RequestFailure
from gitops_action.adapters.github.pull_facts import open_pull_request, pull_request_from_rest
from gitops_action.adapters.github.queries import ENABLE_AUTO_MERGE, VIEWER
from gitops_action.adapters.github.reply import Reply
from gitops_action.adapters.github.rules import required_statuses
from gitops_action.core.branches import (
    ABSENT,
    BranchFacts,
    Decoration,
    Identity,
    MergeMethod,
    NewPullRequest,
    PullRequestFacts,
)

_CLOSING = "closed"


class GitHubForge:
    """What is done with pull requests of one repository; forks' pull requests are not seen."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        owner_and_name(repository)
        self._client = client
        self._repository = repository
        self._viewer: Identity | None = None

    def viewer(self) -> Identity:
        """Who the token acts as; asked once.

        Raises:
            GitOpsError: GitHub does not say.
        """
        if self._viewer is None:
            purpose = Purpose(
                doing="see who it is", permission="metadata: read", repository=self._repository
            )
            answer = self._client.graphql(VIEWER, {}, purpose)
            self._viewer = self._client.identity(answer.at("viewer"))
        return self._viewer

    def branch(self, *, name: str, base: str, base_oid: str, paths: Sequence[str]) -> BranchFacts:
        """Read the branch, its commits over base, its pull requests, the blobs at `paths`.

        Raises:
            GitOpsError: it cannot be read.
        """
        facts = read_branch(
            self._client, self._repository, name=name, base=base, base_oid=base_oid, paths=paths
        )
        self._viewer = facts.viewer
        return facts

    def open(self, request: NewPullRequest) -> PullRequestFacts:
        """Open a pull request, or return the open one of this branch.

        Raises:
            GitOpsError: GitHub refused.
        """
        body = {
            "head": request.branch,
            "base": request.base,
            "title": request.title,
            "body": request.body,
            "draft": request.draft,
        }
        path = self._client.path(self._repository, "pulls")

        def find() -> PullRequestFacts | None:
            return open_pull_request(self._client, self._repository, request.branch, request.base)

        def create() -> PullRequestFacts:
            try:
                return pull_request_from_rest(Reply(self._client.rest("POST", path, body)))
            except RequestFailure as failure:
                there = failure.status == HTTP_UNPROCESSABLE and "already exists" in failure.message
                if there and (found := find()):
                    return found
                raise

        return self._client.writing(create, find, self._purpose("open pull requests"))

    def edit(self, number: int, *, title: str, body: str) -> PullRequestFacts:
        """Change title and body; gives the pull request as it is now, open or not.

        Raises:
            GitOpsError: GitHub refused.
        """
        answer = self._patch(number, {"title": title, "body": body}, "edit pull requests")
        return pull_request_from_rest(Reply(answer, "pull request"))

    def reopen(self, number: int) -> None:
        """Open a closed pull request again.

        Raises:
            GitOpsError: GitHub refused, e.g. as its branch was rebuilt since.
        """
        self._patch(number, {"state": "open"}, "reopen pull requests")

    def close(self, number: int, *, reason: str) -> None:
        """Comment with the reason (once, also when repeated) and close.

        Raises:
            GitOpsError: GitHub refused.
        """
        self.comment(number, body=reason, marker=_CLOSING)
        self._patch(number, {"state": "closed"}, "close pull requests")

    def comment(self, number: int, *, body: str, marker: str) -> None:
        """Write one comment; ours with the same hidden marker is replaced.

        Raises:
            GitOpsError: GitHub refused.
        """
        write_comment(self._client, self._repository, number, body=body, marker=marker)

    def decorate(self, number: int, decoration: Decoration) -> tuple[str, ...]:
        """Add what is missing; return notes on what was refused."""
        return decorate(self._client, self._repository, number, decoration)

    def auto_merge(self, pull_request: PullRequestFacts, method: MergeMethod) -> str:
        """Let GitHub merge it when its requirements are met; return a note when it cannot."""
        given = {
            "pullRequestId": pull_request.node_id,
            "mergeMethod": method.upper(),
            "expectedHeadOid": pull_request.head_oid,
        }

        def enable() -> str:
            try:
                self._client.mutate(ENABLE_AUTO_MERGE, {"input": given})
            except RequestFailure as failure:
                if failure.passing:
                    raise
                return f"auto-merge was not switched on: {failure.message}{_advice(failure)}"
            return ""

        # Switching it on twice is the same as once.
        return self._client.reading(enable, self._purpose("switch auto-merge on"))

    def delete_branch(self, name: str, *, expected: str) -> None:
        """Delete the branch if it still points to `expected`.

        Raises:
            ConflictError: it points elsewhere.
            GitOpsError: GitHub refused.
        """
        facts = read_files(self._client, self._repository, expected, ())
        move_ref(
            self._client,
            self._repository,
            facts.repository_id,
            branch=name,
            before=expected,
            after=ABSENT,
            force=True,
        )

    def required_statuses(self, branch: str) -> frozenset[str]:
        """Status contexts that rules or protection require; empty when it may not be read."""
        return required_statuses(self._client, self._repository, branch)

    def _patch(self, number: int, body: dict[str, object], doing: str) -> object:
        """Set fields of a pull request; setting them twice is the same as once."""
        path = self._client.path(self._repository, "pulls", str(number))
        purpose = self._purpose(doing)
        return self._client.reading(lambda: self._client.rest("PATCH", path, body), purpose)

    def _purpose(self, doing: str) -> Purpose:
        return Purpose(
            doing=doing,
            permission="pull-requests: write",
            repository=self._repository,
            writes=True,
        )


def _advice(failure: RequestFailure) -> str:
    message = failure.message.lower()
    if "clean status" in message:
        return " (it needs nothing more: merge it, or require a status on its base)"
    if "not allowed" in message:
        return ' (allow it in the repository\'s settings, "Allow auto-merge")'
    if "protected" in message or "not configured" in message:
        return " (its base has no rule that a merge would wait for)"
    return ""
