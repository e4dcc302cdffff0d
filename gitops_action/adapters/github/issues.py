"""Issues of one repository that our own account keeps up to date. Fulfils the port `Issues`."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.issues import KnownIssue, NewIssue

OWN_ISSUES = """
query OwnIssues($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    issues(first: 100, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { number title body state url viewerDidAuthor }
    }
  }
}
"""
_MOST_PAGES = 5
"""Pages of 100 issues that are looked through, newest first."""


class GitHubIssues:
    """The issues that our own account has opened."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def own(self) -> tuple[KnownIssue, ...]:
        """Those that are kept up to date, open and closed; another's with the same text is none.

        Raises:
            GitOpsError: they cannot be read.
        """
        found: list[KnownIssue] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            variables = owner_and_name(self._repository) | {"after": after}
            answer = self._client.graphql(OWN_ISSUES, variables, self._purpose(writes=False))
            page = answer.at("repository", "issues")
            found += [_known(one) for one in page.each("nodes") if one.flag("viewerDidAuthor")]
            if not page.at("pageInfo").flag("hasNextPage"):
                break
            after = page.at("pageInfo").whole("endCursor")
        return tuple(one for one in found if one.subject)

    def open(self, new: NewIssue) -> KnownIssue:
        """Open an issue; one that a cut-off earlier try opened is found.

        Raises:
            GitOpsError: GitHub refused.
        """
        path = self._client.path(self._repository, "issues")
        body = {"title": new.title, "body": new.text}

        def find() -> KnownIssue | None:
            listed = self._client.mutate(
                OWN_ISSUES, owner_and_name(self._repository) | {"after": None}
            )
            issues = listed.at("repository", "issues").each("nodes")
            own = (_known(one) for one in issues if one.flag("viewerDidAuthor"))
            return next((one for one in own if one.is_open and one.body == new.text), None)

        def create() -> KnownIssue:
            return _from_rest(Reply(self._client.rest("POST", path, body), "issue"))

        return self._client.writing(create, find, self._purpose())

    def update(self, issue: KnownIssue, new: NewIssue) -> KnownIssue:
        """Change what it says.

        Raises:
            GitOpsError: GitHub refused.
        """
        return self._patch(issue.number, {"title": new.title, "body": new.text})

    def close(self, issue: KnownIssue, *, reason: str) -> None:
        """Comment with the reason, and close it as settled.

        Raises:
            GitOpsError: GitHub refused.
        """
        path = self._client.path(self._repository, "issues", str(issue.number), "comments")
        self._client.reading(
            lambda: self._client.rest("POST", path, {"body": reason}), self._purpose()
        )
        closed = {"body": issue.settled_body(), "state": "closed", "state_reason": "completed"}
        self._patch(issue.number, closed)

    def _patch(self, number: int, body: Mapping[str, object]) -> KnownIssue:
        path = self._client.path(self._repository, "issues", str(number))
        answer = self._client.reading(
            lambda: self._client.rest("PATCH", path, body), self._purpose()
        )
        return _from_rest(Reply(answer, "issue"))

    def _purpose(self, *, writes: bool = True) -> Purpose:
        return Purpose(
            operation="keep an issue up to date" if writes else "read issues",
            permission="issues: write" if writes else "issues: read",
            repository=self._repository,
            writes=writes,
        )


def _known(node: Reply) -> KnownIssue:
    return KnownIssue(
        number=node.number("number"),
        url=node.text("url"),
        title=node.text("title"),
        body=node.text("body"),
        is_open=node.text("state") == "OPEN",
    )


def _from_rest(node: Reply) -> KnownIssue:
    return KnownIssue(
        number=node.number("number"),
        url=node.text("html_url"),
        title=node.text("title"),
        body=node.text("body"),
        is_open=node.text("state") == "open",
    )
