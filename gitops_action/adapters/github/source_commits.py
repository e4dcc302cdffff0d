"""Commits of application repositories with their times and parents, in few requests.

A query reads a page of several repositories, and all of them together have a limit, so that the
number of requests does not grow with the number of applications.
"""

from __future__ import annotations

from collections import deque
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
_TOGETHER = 10
"""Repositories that one query reads."""
_MOST_REQUESTS = 16
"""Queries for all repositories together."""


def commits_document(repositories: int) -> str:
    """Write the query for a page of the history of `$c0` … `$cN`, each in its repository."""
    numbers = range(repositories)
    declared = ", ".join(
        f"$o{n}: String!, $n{n}: String!, $c{n}: GitObjectID!, $a{n}: String" for n in numbers
    )
    pages = "\n".join(
        f"""
  r{n}: repository(owner: $o{n}, name: $n{n}) {{
    object(oid: $c{n}) {{
      ... on Commit {{ history(first: {_PAGE}, after: $a{n}) {{ ...Page }} }}
    }}
  }}"""
        for n in numbers
    )
    return f"""
query SourceCommits({declared}) {{{pages}
}}
fragment Page on CommitHistoryConnection {{
  pageInfo {{ hasNextPage endCursor }}
  nodes {{ oid committedDate parents(first: 10) {{ nodes {{ oid }} }} }}
}}
"""


class _CommitWalk:
    """What was read of one repository, and from where it goes on."""

    def __init__(self, repository: str, wanted: Sequence[str]) -> None:
        self.repository = repository
        self.found: dict[str, SourceCommitFacts] = {}
        self.error = ""
        self.after: str | None = None
        self._pages = 0
        self._heads = deque(wanted)

    @property
    def head(self) -> str:
        """The commit whose history is read next; empty where nothing is missing."""
        while self._heads and self.after is None and self._heads[0] in self.found:
            self._heads.popleft()
        missing = any(one not in self.found for one in self._heads)
        return self._heads[0] if missing else ""

    @property
    def goes_on(self) -> bool:
        """Whether a page is missing that may still be read."""
        return bool(self.head) and self._pages < _MOST_PAGES and not self.error

    def take(self, page: Reply) -> None:
        """Add a page; of a commit that is gone it is empty."""
        self._pages += 1
        for node in page.each("nodes"):
            self.found[node.text("oid")] = _facts(node)
        more = page.at("pageInfo").flag("hasNextPage")
        self.after = page.at("pageInfo").whole("endCursor") if more else None
        if self.after is None:
            self._heads.popleft()

    @property
    def note(self) -> str:
        """What is not known of it; empty where all is."""
        if self.error:
            return f"lead times of {self.repository} are not known: {self.error}"
        if self.head:
            number = len(self.found)
            return (
                f"lead times of {self.repository} are incomplete: {number} of its commits were read"
            )
        return ""


class GitHubSourceCommits:
    """Reads repositories that the token can see."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that carries the `source-token`."""
        self._client = client

    def read(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> tuple[Mapping[str, CommitGraph], tuple[str, ...]]:
        """By repository the commits behind the wanted ones, and notes on what was not read.

        Args:
            wanted: commits of each repository, newest first.
        """
        walks = [_CommitWalk(repository, commits) for repository, commits in wanted.items()]
        self._read(walks)
        graphs = {one.repository: one.found for one in walks if not one.error}
        return graphs, tuple(one.note for one in walks if one.note)

    def _read(self, walks: Sequence[_CommitWalk]) -> None:
        """The newest pages of each first. What fails together is asked for in halves."""
        groups = deque(
            list(walks[start : start + _TOGETHER]) for start in range(0, len(walks), _TOGETHER)
        )
        requests = 0
        while groups and requests < _MOST_REQUESTS:
            group = [one for one in groups.popleft() if one.goes_on]
            if not group:
                continue
            requests += 1
            try:
                self._pages(group)
            except GitOpsError as error:
                if len(group) == 1:
                    group[0].error = str(error)
                    continue
                half = len(group) // 2
                groups.extendleft((group[half:], group[:half]))
            else:
                groups.append(group)

    def _pages(self, group: Sequence[_CommitWalk]) -> None:
        names = ", ".join(one.repository for one in group)
        purpose = Purpose(
            operation="read the application's commits",
            permission="contents: read",
            repository=names,
        )
        variables: dict[str, object] = {}
        for number, one in enumerate(group):
            its = owner_and_name(one.repository)
            variables |= {f"o{number}": its["owner"], f"n{number}": its["name"]}
            variables |= {f"c{number}": one.head, f"a{number}": one.after}
        answer = self._client.graphql(commits_document(len(group)), variables, purpose)
        for number, one in enumerate(group):
            one.take(answer.at(f"r{number}", "object", "history"))


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
