"""The application repository's history, read with the `source-token`. Fulfils `SourceHistory`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.pull_requests import Comparison, SourceCommit
from gitops_action.core.tags import RepositoryFacts
from gitops_action.errors import GitOpsError

MAX_COMMITS = 50
"""Commits that are listed at most; more is not a list that anybody reads."""

_PAGE = 100
_MOST_PAGES = 10

Status = Literal["ahead", "behind", "diverged", "identical"]
_STATUSES: dict[str, Status] = {
    "ahead": "ahead",
    "behind": "behind",
    "diverged": "diverged",
    "identical": "identical",
}


def compared(
    client: GitHubClient, repository: str, base: str, head: str, query: Mapping[str, int]
) -> Reply:
    """One page of GitHub's comparison of two commits ("Compare two commits").

    Raises:
        GitOpsError: a commit or a right is missing, or GitHub cannot be reached.
    """
    purpose = Purpose(
        operation="compare commits", permission="contents: read", repository=repository
    )
    path = client.path(repository, "compare", f"{base}...{head}")
    data = client.reading(lambda: client.rest("GET", path, query=query), purpose)
    return Reply(data, "comparison")


class GitHubSourceHistory:
    """Compares commits of any repository that the token can see."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that carries the `source-token`."""
        self._client = client

    def compare(self, *, repository: str, base: str, head: str) -> Comparison | None:
        """Compare two commits; None when a commit or a right is missing, or GitHub is down."""
        try:
            answer = compared(self._client, repository, base, head, {"per_page": MAX_COMMITS})
            status = _STATUSES.get(answer.text("status"))
        except GitOpsError:
            return None
        if status is None:
            return None
        return Comparison(
            status=status,
            total=answer.number("total_commits"),
            commits=tuple(_commit(node) for node in answer.each("commits"))[:MAX_COMMITS],
            url=answer.text("html_url"),
        )


class GitHubSourceAuthors:
    """Who wrote commits of any repository that the token can see. Fulfils `SourceCommits`."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that carries the `source-token`."""
        self._client = client
        self._known: dict[tuple[str, str, str], frozenset[str] | None] = {}

    def authors(self, *, repository: str, base: str, head: str) -> frozenset[str] | None:
        """The logins of who wrote what `head` has and `base` has not; None: not all is read."""
        key = repository, base, head
        if key not in self._known:
            try:
                self._known[key] = self._read(repository, base, head)
            except GitOpsError:
                self._known[key] = None
        return self._known[key]

    def _read(self, repository: str, base: str, head: str) -> frozenset[str] | None:
        logins: set[str] = set()
        seen = 0
        for page in range(1, _MOST_PAGES + 1):
            query = {"per_page": _PAGE, "page": page}
            answer = compared(self._client, repository, base, head, query)
            commits = tuple(answer.each("commits"))
            logins |= {node.at("author").text("login") for node in commits}
            seen += len(commits)
            if seen >= answer.number("total_commits"):
                return frozenset(logins - {""})
            if not commits:
                return None
        return None


def _commit(node: Reply) -> SourceCommit:
    commit = node.at("commit")
    author = node.at("author").text("login") or commit.at("author").text("name")
    return SourceCommit(
        oid=node.text("sha"),
        subject=commit.text("message").partition("\n")[0].strip(),
        author=author,
        url=node.text("html_url"),
    )


# What GitHub knows of an application repository. Fulfils `SourceFacts` of the `tag` command.


class GitHubSourceFacts:
    """Reads repositories that the `source-token` can see; what it may not see stays unknown."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that carries the `source-token`."""
        self._client = client

    def repository(self, name: str) -> RepositoryFacts | None:
        """Facts about the repository; None when it may not or cannot be read."""
        answer = self._get(name, "", "repository")
        if answer is None:
            return None
        return RepositoryFacts(
            name=answer.text("name"),
            description=answer.text("description"),
            html_url=answer.text("html_url"),
            default_branch=answer.text("default_branch"),
            license=answer.at("license").text("spdx_id"),
        )

    def commit_date(self, repository: str, sha: str) -> datetime | None:
        """When the commit was made; None when it may not or cannot be read."""
        answer = self._get(repository, sha, "commit")
        return answer.at("commit", "committer").moment("date") if answer else None

    def _get(self, repository: str, sha: str, what: str) -> Reply | None:
        purpose = Purpose(
            operation=f"read the {what}", permission="contents: read", repository=repository
        )
        path = self._client.path(repository, *(("commits", sha) if sha else ()))
        try:
            data = self._client.reading(lambda: self._client.rest("GET", path), purpose)
            return Reply(data, what)
        except GitOpsError:
            return None
