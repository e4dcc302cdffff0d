"""A pull request beside its files: its newest commit, its text, its commits' messages.

Both classes fulfil the port `Proposals`.
"""

from __future__ import annotations

from dataclasses import replace

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.trailers import FinishedRun, ProposalTrailers
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 3
"""GitHub lists at most 250 commits of a pull request ("List commits on a pull request")."""


class GitHubProposals:
    """A pull request as GitHub has it now."""

    def __init__(self, client: GitHubClient, repository: str, number: int) -> None:
        """Name the pull request."""
        self._client = client
        self._repository = repository
        self._number = number

    def current(self) -> ProposalTrailers:
        """Read it.

        Raises:
            GitOpsError: it does not exist, or may not be read.
        """
        found = Reply(self._get(), "pull request")
        return ProposalTrailers(
            number=self._number,
            head=found.at("head").text("sha"),
            base=found.at("base").text("ref"),
            body=found.text("body"),
            messages=self._messages(),
        )

    def _messages(self) -> tuple[str, ...]:
        messages: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            listed = replies(self._get("commits", page=page), "commits")
            messages += [item.at("commit").text("message") for item in listed]
            if len(listed) < _PAGE:
                break
        return tuple(messages)

    def _get(self, *parts: str, page: int | None = None) -> object:
        path = self._client.path(self._repository, "pulls", str(self._number), *parts)
        query = {"per_page": _PAGE, "page": page} if page else None
        purpose = Purpose(
            operation=f"read pull request #{self._number}",
            permission="pull-requests: read",
            repository=self._repository,
        )
        return self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)


class EventProposals:
    """A pull request as its event describes it; only its newest commit is asked for.

    That takes no right beyond the `contents: read` of every job. Without a client, or where it
    may not be read, the event's own is taken for the newest.
    """

    def __init__(
        self, event: ProposalTrailers, client: GitHubClient | None, repository: str
    ) -> None:
        """Take what the event holds."""
        self._event = event
        self._client = client
        self._repository = repository

    def current(self) -> ProposalTrailers:
        """The event's, with the newest commit."""
        if self._event.number is None or self._client is None:
            return self._event
        client, number = self._client, self._event.number
        path = f"{client.path(self._repository)}/git/ref/pull/{number}/head"
        purpose = Purpose(
            operation="read refs", permission="contents: read", repository=self._repository
        )
        try:
            answer = client.reading(lambda: client.rest("GET", path), purpose, attempts=2)
            head = Reply(answer, "ref").at("object").text("sha")
        except GitOpsError:
            return self._event
        return replace(self._event, head=head or self._event.head)


def pull_request_of(client: GitHubClient, repository: str, run: FinishedRun) -> int | None:
    """The number of the open pull request whose head a run was for; None when there is none now.

    A head that has moved on since still counts: what is validated is what is there now.

    Raises:
        GitOpsError: the pull requests may not be read.
    """
    query = {"head": f"{run.owner}:{run.branch}", "state": "open", "per_page": _PAGE}
    purpose = Purpose(
        operation="list pull requests", permission="pull-requests: read", repository=repository
    )
    path = client.path(repository, "pulls")
    answer = client.reading(lambda: client.rest("GET", path, query=query), purpose)
    found = [
        item
        for item in replies(answer, "pull requests")
        if item.at("head").text("ref") == run.branch
    ]
    same = [item for item in found if item.at("head").text("sha") == run.commit]
    return next((item.number("number") for item in (*same, *found)), None)
