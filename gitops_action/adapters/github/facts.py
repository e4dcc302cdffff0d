"""What GitHub knows of an application repository. Fulfils `SourceFacts` of the `tag` command."""

from __future__ import annotations

from datetime import datetime

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.failures import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.tags import RepositoryFacts
from gitops_action.errors import GitOpsError


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
        date = answer.at("commit").at("committer").text("date") if answer else ""
        return datetime.fromisoformat(date) if date else None

    def _get(self, repository: str, sha: str, what: str) -> Reply | None:
        purpose = Purpose(
            doing=f"read the {what}", permission="contents: read", repository=repository
        )
        path = self._client.path(repository, *(("commits", sha) if sha else ()))
        try:
            data = self._client.reading(lambda: self._client.rest("GET", path), purpose)
            return Reply(data, what)
        except GitOpsError:
            return None
