"""One living comment a marker: found again by what it hides, replaced in place."""

from __future__ import annotations

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.queries import COMMENTS
from gitops_action.adapters.github.reply import Reply

_MOST_PAGES = 10


def write_comment(
    client: GitHubClient, repository: str, number: int, *, body: str, marker: str
) -> None:
    """Write the comment, replace it where it says something else, leave it where it is the same.

    Raises:
        GitOpsError: GitHub refused.
    """
    purpose = Purpose(
        operation="comment on pull requests",
        permission="pull-requests: write",
        repository=repository,
        writes=True,
    )
    hidden = f"<!-- gitops-action: {marker} -->"
    text = f"{hidden}\n{body}"

    def find() -> Reply | None:
        return _find(client, repository, number, hidden)

    def write() -> Reply:
        data = client.rest("POST", _issue(client, repository, number), {"body": text})
        return Reply(data, "comment")

    found = client.reading(find, purpose)
    if found is None:
        found = client.writing(write, find, purpose)
    if found.text("body") != text:
        path = client.path(repository, "issues", "comments", str(_id(found)))
        client.reading(lambda: client.rest("PATCH", path, {"body": text}), purpose)


def _find(client: GitHubClient, repository: str, number: int, hidden: str) -> Reply | None:
    """Return our own comment with this marker; another's with the same text is not ours."""
    before: str | None = None
    for _ in range(_MOST_PAGES):
        variables = owner_and_name(repository) | {"number": number, "before": before}
        answer = client.mutate(COMMENTS, variables)
        page = answer.at("repository", "pullRequest", "comments")
        for comment in page.each("nodes"):
            if comment.flag("viewerDidAuthor") and comment.text("body").startswith(hidden):
                return comment
        before = page.at("pageInfo").whole("startCursor")
        if not page.at("pageInfo").flag("hasPreviousPage"):
            break
    return None


def _id(comment: Reply) -> int:
    """GraphQL's `databaseId` has 32 bits, and the ids of comments are longer."""
    return int(comment.text("fullDatabaseId") or 0) or comment.number("id")


def _issue(client: GitHubClient, repository: str, number: int) -> str:
    return client.path(repository, "issues", str(number), "comments")
