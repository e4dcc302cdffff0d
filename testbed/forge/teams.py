"""Organisations and their teams: who belongs to them, and to which repositories teams have access.

In a test: `forge.organization("acme")` gives the organisation, and

    acme.member("alice"); acme.owner("root")
    acme.team("sre", members=("alice", "bob"), repositories={"acme/environment": "write"})
    acme.team("oncall", parent="sre", members=("carol",))
    acme.teams["sre"].members.discard("bob")

REST and GraphQL show them to tokens with the right `members: read`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from testbed.forge.records import Account

Role = Literal["none", "read", "triage", "write", "maintain", "admin"]
Privacy = Literal["closed", "secret"]
MembershipRole = Literal["member", "admin"]


@dataclass(kw_only=True)
class Team:
    """A team. `members` holds logins, without those of child teams."""

    id: int
    slug: str
    organization: Organization
    created_at: datetime
    parent: Team | None = None
    privacy: Privacy = "closed"
    members: set[str] = field(default_factory=set)
    repositories: dict[str, Role] = field(default_factory=dict)

    @property
    def children(self) -> list[Team]:
        """The teams directly below it."""
        return [team for team in self.organization.teams.values() if team.parent is self]

    def all_members(self) -> set[str]:
        """Members, those of child teams included (documentation "List team members")."""
        below = [child.all_members() for child in self.children]
        return self.members.union(*below)

    def role(self, full_name: str) -> Role | None:
        """The access to a repository, its own or inherited from a parent."""
        own = self.repositories.get(full_name)
        return own or (self.parent.role(full_name) if self.parent else None)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An App in an organisation: its bot, its rights, and whether it is on all repositories."""

    id: int
    account: Account
    permissions: Mapping[str, str]
    everywhere: bool


@dataclass(kw_only=True)
class Organization:
    """An organisation; `base` is what every member may do in each of its repositories."""

    account: Account
    created_at: datetime
    next_id: Callable[[], int]
    now: Callable[[], datetime]
    find: Callable[[str], Account]
    base: Role = "read"
    members: dict[str, MembershipRole] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    installations: list[Installation] = field(default_factory=list)
    deployment_records: dict[tuple[str, ...], Mapping[str, object]] = field(default_factory=dict)
    """Artifact metadata, by environment, region, cluster and name."""

    def install(
        self, login: str, permissions: Mapping[str, str], *, everywhere: bool = False
    ) -> None:
        """Install the App behind a bot, with these rights."""
        made = Installation(
            id=self.next_id(),
            account=self.find(login),
            permissions=permissions,
            everywhere=everywhere,
        )
        self.installations.append(made)

    def member(self, *logins: str) -> None:
        """Take people in."""
        for login in logins:
            self.members.setdefault(self.find(login).login, "member")

    def owner(self, *logins: str) -> None:
        """Make people owners: they are administrators of every repository."""
        self.members.update({self.find(login).login: "admin" for login in logins})

    def remove(self, login: str) -> None:
        """Let a person go, from every team too."""
        self.members.pop(login, None)
        for team in self.teams.values():
            team.members.discard(login)

    def team(
        self,
        slug: str,
        *,
        members: Iterable[str] = (),
        repositories: Mapping[str, Role] | None = None,
        parent: str = "",
        privacy: Privacy = "closed",
    ) -> Team:
        """Make a team; its members become members of the organisation."""
        self.member(*members)
        made = Team(
            id=self.next_id(),
            slug=slug,
            organization=self,
            created_at=self.now(),
            parent=self.teams[parent] if parent else None,
            privacy=privacy,
            members={self.find(login).login for login in members},
            repositories=dict(repositories or {}),
        )
        self.teams[slug] = made
        return made

    def teams_of(self, login: str) -> Iterator[Team]:
        """The teams that a person belongs to, through child teams too."""
        return (team for team in self.teams.values() if login in team.all_members())
