"""Commits of application repositories with their times and parents, in few requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.dora.lead_time import CommitGraph, SourceCommitFacts
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 10
"""Pages of a repository: what is older has no lead time, and is counted as left out."""
_DOCUMENT = f"""
query SourceCommits($owner: String!, $name: String!, $commit: GitObjectID!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    object(oid: $commit) {{
      ... on Commit {{
        history(first: {_PAGE}, after: $after) {{
          pageInfo {{ hasNextPage endCursor }}
          nodes {{ oid committedDate parents(first: 10) {{ nodes {{ oid }} }} }}
        }}
      }}
    }}
  }}
}}
"""


class GitHubSourceCommits:
    """Reads repositories that the token can see."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that carries the `source-token`."""
        self._client = client

    def read(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> tuple[Mapping[str, CommitGraph], tuple[str, ...]]:
        """By repository the commits behind the wanted ones, and notes on what cannot be read.

        Args:
            wanted: commits of each repository, newest first.
        """
        graphs: dict[str, CommitGraph] = {}
        notes = []
        for repository, commits in wanted.items():
            try:
                graphs[repository] = self._graph(repository, commits)
            except GitOpsError as error:
                notes.append(f"lead times of {repository} are not known: {error}")
        return graphs, tuple(notes)

    def _graph(self, repository: str, wanted: Sequence[str]) -> CommitGraph:
        found: dict[str, SourceCommitFacts] = {}
        pages = _MOST_PAGES
        for head in wanted:
            after: str | None = None
            while pages and (after or head not in found) and not found.keys() >= set(wanted):
                pages -= 1
                page = self._page(repository, head, after)
                for node in page.each("nodes"):
                    found[node.text("oid")] = _facts(node)
                after = page.at("pageInfo").whole("endCursor")
                if not page.at("pageInfo").flag("hasNextPage"):
                    break
        return found

    def _page(self, repository: str, commit: str, after: str | None) -> Reply:
        purpose = Purpose(
            operation="read the application's commits",
            permission="contents: read",
            repository=repository,
        )
        variables = {**owner_and_name(repository), "commit": commit, "after": after}
        answer = self._client.graphql(_DOCUMENT, variables, purpose)
        return answer.at("repository", "object", "history")


def _facts(node: Reply) -> SourceCommitFacts:
    return SourceCommitFacts(
        at=_time(node.text("committedDate")),
        parents=tuple(one.text("oid") for one in node.at("parents").each("nodes")),
    )


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
