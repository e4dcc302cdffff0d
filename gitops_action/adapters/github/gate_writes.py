"""What the gate writes on GitHub beside merges: commit statuses, and its own comment."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.deployments import GitHubDeployments
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.deployments.records import CommitState, CommitStatus
from gitops_action.core.gates.open_pull_request import GateComment, HeadStatus

_PAGE = 100
_MOST_PAGES = 10
_STATES: Mapping[str, CommitState] = {
    "error": "error",
    "failure": "failure",
    "pending": "pending",
    "success": "success",
}


class GitHubStatuses:
    """Commit statuses of one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._writes = GitHubDeployments(client, repository)

    def set(self, commit: str, status: CommitStatus) -> None:
        """Set a status; the same twice says nothing else than once.

        Raises:
            GitOpsError: it could not be set.
        """
        self._writes.commit_status(self._repository, commit, status)

    def history(self, commit: str, context: str) -> tuple[HeadStatus, ...]:
        """Every status of a context on a commit, newest first; of at most 1,000 of all contexts.

        Raises:
            GitOpsError: they cannot be read.
        """
        found: list[HeadStatus] = []
        for page in range(1, _MOST_PAGES + 1):
            listed = self._page(commit, page)
            found += [one for item in listed if (one := _status(item)) and one.context == context]
            if len(listed) < _PAGE:
                break
        return tuple(found)

    def _page(self, commit: str, page: int) -> tuple[Reply, ...]:
        path = self._client.path(self._repository, "commits", commit, "statuses")
        query = {"per_page": _PAGE, "page": page}
        purpose = Purpose(
            operation=f"read the statuses of {commit[:12]}",
            permission="statuses: read",
            repository=self._repository,
        )
        answer = self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)
        return replies(answer, "statuses")


class GitHubGateComments:
    """The gate's comments on pull requests of one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._purpose = Purpose(
            operation="comment on pull requests",
            permission="pull-requests: write",
            repository=repository,
            writes=True,
        )

    def write(self, number: int, body: str, *, known: GateComment | None) -> GateComment:
        """Write the comment, in the place of the one that is known.

        Raises:
            GitOpsError: it was not written.
        """
        if known is not None:
            path = self._client.path(self._repository, "issues", "comments", str(known.number))
            answer = self._client.reading(
                lambda: self._client.rest("PATCH", path, {"body": body}), self._purpose
            )
            return _comment(Reply(answer, "comment"))
        path = self._client.path(self._repository, "issues", str(number), "comments")

        def attempt() -> GateComment:
            return _comment(Reply(self._client.rest("POST", path, {"body": body}), "comment"))

        return self._client.writing(attempt, lambda: self._made(path, body), self._purpose)

    def _made(self, path: str, body: str) -> GateComment | None:
        """The comment that a try of before has made after all; one try."""
        query = {"per_page": _PAGE}
        listed = replies(self._client.rest("GET", path, query=query), "comments")
        return next((_comment(item) for item in listed if item.text("body") == body), None)


def _comment(item: Reply) -> GateComment:
    return GateComment(number=item.number("id"), url=item.text("html_url"), body=item.text("body"))


def _status(item: Reply) -> HeadStatus | None:
    state = _STATES.get(item.text("state"))
    if state is None:
        return None
    return HeadStatus(
        context=item.text("context"),
        state=state,
        description=item.text("description"),
        url=item.text("target_url"),
        creator=item.at("creator").text("login"),
        created=item.moment("created_at"),
    )
