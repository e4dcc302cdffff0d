"""Which commits, pull requests and files brought what failed. Fulfils the port `Origins`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.history import compared
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.rollback.origin import Origin
from gitops_action.errors import GitOpsError

_COMMITS = 20
"""Commits of a path that are read on each side."""
_PATHS = 10
_FILES = 300
"""Files that GitHub names of a comparison ("Compare two commits"); there may be more."""


def origins_document(paths: int) -> str:
    """Write the query for the commits that changed `$p0` … `$pN` as of `$new`, and as of `$old`."""
    declared = "".join(f", $p{n}: String" for n in range(paths))

    def histories(fields: str) -> str:
        return "\n".join(
            f"      h{n}: history(first: {_COMMITS}, path: $p{n}) {{ nodes {{ {fields} }} }}"
            for n in range(paths)
        )

    return f"""
query Origins($owner: String!, $name: String!, $new: GitObjectID!, $old: GitObjectID!{declared}) {{
  repository(owner: $owner, name: $name) {{
    new: object(oid: $new) {{ ... on Commit {{
{histories("...Origin")}
    }} }}
    old: object(oid: $old) {{ ... on Commit {{
{histories("oid")}
    }} }}
  }}
}}
fragment Origin on Commit {{
  oid
  author {{ user {{ login }} }}
  associatedPullRequests(first: 3) {{
    nodes {{
      number url state
      author {{ __typename login }}
      mergedBy {{ __typename login }}
    }}
  }}
}}
"""


class GitHubOrigins:
    """Commits of one repository with their pull requests."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def between(self, old: str, new: str, *, paths: Sequence[str] = ()) -> tuple[Origin, ...]:
        """What `new` has over `old` in these files (none: anywhere), newest first; one query.

        Raises:
            GitOpsError: it cannot be read.
        """
        named: Sequence[str | None] = list(paths)[:_PATHS] or [None]
        variables = {
            **owner_and_name(self._repository),
            "new": new,
            "old": old,
            **{f"p{n}": path for n, path in enumerate(named)},
        }
        purpose = Purpose(
            operation="read which pull requests brought a version",
            permission="contents: read` and `pull-requests: read",
            repository=self._repository,
        )
        answer = self._client.graphql(origins_document(len(named)), variables, purpose)
        found: dict[str, Origin] = {}
        for n in range(len(named)):
            before = {one.text("oid") for one in _history(answer, "old", n)}
            for one in _history(answer, "new", n):
                if one.text("oid") not in before:
                    found.setdefault(one.text("oid"), _origin(one))
        return _once(found.values())

    def files(self, old: str, new: str) -> tuple[str, ...] | None:
        """The files that differ, under both names where one was renamed; one request.

        None where there may be more than GitHub names, or `new` does not contain `old`.
        """
        query = {"page": 1, "per_page": 1}
        try:
            answer = compared(self._client, self._repository, old, new, query)
            files = list(answer.each("files"))
            if answer.text("status") not in {"ahead", "identical"} or len(files) >= _FILES:
                return None
            names = (one.text(key) for one in files for key in ("filename", "previous_filename"))
            return tuple(dict.fromkeys(filter(None, names)))
        except GitOpsError:
            return None


def _history(answer: Reply, side: str, n: int) -> Sequence[Reply]:
    return list(answer.at("repository", side, f"h{n}").each("nodes"))


def _origin(commit: Reply) -> Origin:
    merged = [
        one
        for one in commit.at("associatedPullRequests").each("nodes")
        if one.text("state") == "MERGED"
    ]
    if not merged:
        login = commit.at("author").at("user").text("login")
        return Origin(commit=commit.text("oid"), people=(login,) if login else ())
    pull = merged[0]
    people = (pull.at(who) for who in ("author", "mergedBy"))
    return Origin(
        commit=commit.text("oid"),
        pull_request=pull.number("number"),
        url=pull.text("url"),
        people=tuple(
            dict.fromkeys(one.text("login") for one in people if one.text("__typename") == "User")
        ),
    )


def _once(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    """One for each pull request, and one for each commit without."""
    kept: dict[int | str, Origin] = {}
    for one in origins:
        kept.setdefault(one.pull_request or one.commit, one)
    return tuple(kept.values())
