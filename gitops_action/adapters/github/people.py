"""Who may write to a repository, and who is in a team: by today, each asked once a run.

Fulfils the port `Roles` of the gate.
"""

from __future__ import annotations

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 50
_WRITERS = frozenset({"admin", "write"})
"""What GitHub gives of `maintain` and custom roles too ("Get repository permissions")."""


class GitHubPeople:
    """Roles in one repository, and teams of any organisation."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._writers: dict[str, bool | None] = {}
        self._teams: dict[str, frozenset[str] | None] = {}

    def may_write(self, login: str) -> bool | None:
        """Whether a person has write access; None where that cannot be read."""
        if login not in self._writers:
            self._writers[login] = self._read_role(login)
        return self._writers[login]

    def members(self, team: str) -> frozenset[str] | None:
        """Logins of the members of a team, ORG/TEAM; None where they cannot be read."""
        if team not in self._teams:
            self._teams[team] = self._read_members(team)
        return self._teams[team]

    def _read_role(self, login: str) -> bool | None:
        path = self._client.path(self._repository, "collaborators", login, "permission")
        purpose = Purpose(
            operation=f"read the role of {login}",
            permission="metadata: read",
            repository=self._repository,
        )
        try:
            # Nothing is found of an account that is no collaborator, or gone.
            answer = Reply(self._client.found(path, purpose), "permission")
            return answer.text("permission") in _WRITERS
        except GitOpsError:
            return None

    def _read_members(self, team: str) -> frozenset[str] | None:
        organisation, _, slug = team.partition("/")
        path = f"/orgs/{organisation}/teams/{slug}/members"
        purpose = Purpose(
            operation=f"read the members of {team}",
            permission="members: read",
            repository=self._repository,
        )
        found: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            try:
                listed = self._page(path, page, purpose)
            except GitOpsError:
                return None
            found.update(item.text("login") for item in listed)
            if len(listed) < _PAGE:
                return frozenset(found)
        return None

    def _page(self, path: str, page: int, purpose: Purpose) -> tuple[Reply, ...]:
        query = {"per_page": _PAGE, "page": page}
        answer = self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)
        return replies(answer, "members")
