"""Rollbacks that people ask for by the workflow's form. Fulfils the port `Requests`."""

from __future__ import annotations

from datetime import datetime

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.people import GitHubPeople
from gitops_action.adapters.github.pull_requests import GitHubForge
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.gates.decisions import (
    Decision,
    RecordedComment,
    read_decisions,
    write_decision,
)

_PAGE = 100


class GitHubRequests:
    """Comments of our own account that say who asked for a rollback."""

    def __init__(self, client: GitHubClient, repository: str, forge: GitHubForge) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._forge = forge
        self._people = GitHubPeople(client, repository)

    def may_write(self, login: str) -> bool | None:
        """Whether a person has write access; None where that cannot be read."""
        return self._people.may_write(login)

    def record(self, number: int, decision: Decision) -> None:
        """Record it on the pull request, once.

        Raises:
            GitOpsError: it cannot be written.
        """
        path = self._client.path(self._repository, "issues", str(number), "comments")
        purpose = Purpose(
            operation="comment on pull requests",
            permission="pull-requests: write",
            repository=self._repository,
            writes=True,
        )
        viewer = self._forge.viewer().login

        def find() -> bool | None:
            answer = self._client.rest("GET", path, query={"per_page": _PAGE})
            recorded = read_decisions(
                (_comment(one) for one in replies(answer, "comments")), viewer
            )
            return True if any(_same(one, decision) for one in recorded) else None

        def write() -> bool:
            self._client.rest("POST", path, {"body": write_decision(decision)})
            return True

        if not self._client.reading(find, purpose):
            self._client.writing(write, find, purpose)


def _comment(node: Reply) -> RecordedComment:
    return RecordedComment(
        author=node.at("user").text("login"),
        body=node.text("body"),
        created=datetime.fromisoformat(node.text("created_at")),
    )


def _same(one: Decision, other: Decision) -> bool:
    """Whether it is one person's request for the same images, whenever it was made."""
    return (one.kind, one.person, one.environment, one.images) == (
        other.kind,
        other.person,
        other.environment,
        other.images,
    )
