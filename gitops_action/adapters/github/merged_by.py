"""The people of the pull requests that brought commits. Fulfils the port `CommitPeople`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gitops_action.adapters.github.branch import actor
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.gates.decisions import RecordedComment, read_decisions
from gitops_action.core.history.rows import PullRequestPeople

_COMMITS = 40
"""Commits of one request."""
_ASKED = frozenset({"merge", "rollback", "override"})


def people_document(commits: int) -> str:
    """Write the query for the pull requests of the commits `$c0` … `$cN`."""
    declared = "".join(f", $c{n}: GitObjectID!" for n in range(commits))
    asked = "\n".join(f"    c{n}: object(oid: $c{n}) {{ ...People }}" for n in range(commits))
    return f"""
query People($owner: String!, $name: String!{declared}) {{
  repository(owner: $owner, name: $name) {{
{asked}
  }}
}}
fragment People on Commit {{
  associatedPullRequests(first: 3) {{
    nodes {{
      state
      author {{ __typename login }}
      mergedBy {{ __typename login }}
      latestOpinionatedReviews(first: 20, writersOnly: true) {{
        nodes {{ state author {{ __typename login }} }}
      }}
      comments(last: 30) {{
        nodes {{ body createdAt author {{ __typename login }} editor {{ __typename login }} }}
      }}
    }}
  }}
}}
"""


class GitHubCommitPeople:
    """Who stands behind commits of one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def read(self, commits: Sequence[str]) -> Mapping[str, PullRequestPeople]:
        """The people of each commit that a merged pull request brought; many in one request.

        Raises:
            GitOpsError: they cannot be read.
        """
        found: dict[str, PullRequestPeople] = {}
        for start in range(0, len(commits), _COMMITS):
            found |= self._read(commits[start : start + _COMMITS])
        return found

    def _read(self, commits: Sequence[str]) -> dict[str, PullRequestPeople]:
        purpose = Purpose(
            operation="read who approved",
            permission="pull-requests: read",
            repository=self._repository,
        )
        variables = {
            **owner_and_name(self._repository),
            **{f"c{n}": oid for n, oid in enumerate(commits)},
        }
        answer = self._client.graphql(people_document(len(commits)), variables, purpose)
        found = {}
        for n, oid in enumerate(commits):
            nodes = answer.at("repository", f"c{n}").at("associatedPullRequests").each("nodes")
            merged = next((one for one in nodes if one.text("state") == "MERGED"), None)
            if merged is not None:
                found[oid] = _people(merged)
        return found


def _people(pull: Reply) -> PullRequestPeople:
    author = pull.at("author")
    reviews = pull.at("latestOpinionatedReviews").each("nodes")
    approved = (one.at("author") for one in reviews if one.text("state") == "APPROVED")
    # The App that merges is the one whose comments record what people decided.
    decisions = read_decisions(_comments(pull), actor(pull.at("mergedBy")))
    return PullRequestPeople(
        author=author.text("login") if author.text("__typename") == "User" else "",
        approvers=tuple(one.text("login") for one in approved if one.text("__typename") == "User"),
        asked=tuple(one.login for one in decisions if one.kind in _ASKED),
    )


def _comments(pull: Reply) -> Iterator[RecordedComment]:
    for one in pull.at("comments").each("nodes"):
        yield RecordedComment(
            author=actor(one.at("author")),
            body=one.text("body"),
            created=datetime.fromisoformat(one.text("createdAt")),
            editor=actor(one.at("editor")),
        )
