"""What a person or an App may do in a repository: collaborators, teams, the base permission.

In a test: `repository.collaborator("bob", "write")` (role "none" takes the access away). Whoever
creates a repository is its administrator.
"""

from __future__ import annotations

from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.teams import Role, Team
from testbed.forge.world import World

ROLES: tuple[Role, ...] = ("none", "read", "triage", "write", "maintain", "admin")
_LEGACY: dict[Role, str] = {"triage": "read", "maintain": "write"}


def role(world: World, repository: Repository, account: Account) -> Role:
    """The highest role that an account has in a repository, whatever the way."""
    if account.id == repository.owner.id:
        return "admin"
    found: list[Role] = [repository.collaborators.get(account.login, "none")]
    if account.kind == "Bot":
        found.append(_installation(world, repository, account))
    if organization := world.organizations.get(repository.owner.login.lower()):
        membership = organization.members.get(account.login)
        found += ["admin"] if membership == "admin" else [organization.base] if membership else []
        teams = organization.teams_of(account.login)
        found += [team.role(repository.full_name) or "none" for team in teams]
    if not repository.private:
        found.append("read")
    return max(found, key=ROLES.index)


def _installation(world: World, repository: Repository, account: Account) -> Role:
    """What an App was installed with, as far as tokens were given out to it."""
    tokens = [token for token in world.tokens.values() if token.account.id == account.id]
    for level in ("write", "read"):
        if any(t.may(repository, "contents", level) and t.sees(repository) for t in tokens):
            return "write" if level == "write" else "read"
    return "none"


def permission(found: Role) -> str:
    """The role in the four words of before custom roles."""
    return _LEGACY.get(found, found)


def at_least(world: World, repository: Repository, account: Account, least: Role) -> bool:
    """Compare an account's role."""
    return ROLES.index(role(world, repository, account)) >= ROLES.index(least)


def teams(world: World, repository: Repository) -> list[Team]:
    """The teams that have access to a repository."""
    organization = world.organizations.get(repository.owner.login.lower())
    found = organization.teams.values() if organization else ()
    return [team for team in found if team.role(repository.full_name)]


def collaborators(world: World, repository: Repository) -> list[Account]:
    """Everyone with access: outside collaborators, team members, members by the base role."""
    logins = dict.fromkeys(repository.collaborators)
    if organization := world.organizations.get(repository.owner.login.lower()):
        logins |= dict.fromkeys(organization.members)
    accounts = [world.account(login) for login in logins]
    return [account for account in accounts if role(world, repository, account) != "none"]


def association(world: World, repository: Repository, account: Account) -> str:
    """REST's and GraphQL's author association."""
    if account.id == repository.owner.id:
        return "OWNER"
    organization = world.organizations.get(repository.owner.login.lower())
    if organization and account.login in organization.members:
        return "MEMBER"
    if account.login in repository.collaborators:
        return "COLLABORATOR"
    merged = (pull for pull in repository.pulls.values() if pull.merged_at)
    return "CONTRIBUTOR" if any(pull.author.id == account.id for pull in merged) else "NONE"
