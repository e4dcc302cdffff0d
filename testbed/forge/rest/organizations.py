"""Organisations, their members and teams. Everything here takes the right `members: read`."""

from __future__ import annotations

from testbed.forge import access
from testbed.forge.errors import not_found
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, node_id, stamp, user
from testbed.forge.teams import Organization, Team
from testbed.forge.world import World

MEMBERS = ("members", "read")
_TEAM = "/orgs/{org}/teams/{team_slug}"


def team_view(world: World, team: Team) -> Json:
    """Write a team."""
    owner = team.organization.account
    url = f"{world.url}/api/v3/organizations/{owner.id}/team/{team.id}"
    return {
        "id": team.id,
        "node_id": node_id("TE", owner.login, team.slug),
        "name": team.slug,
        "slug": team.slug,
        "description": None,
        "privacy": team.privacy,
        "permission": "pull",
        "url": url,
        "html_url": f"{world.url}/orgs/{owner.login}/teams/{team.slug}",
        "members_url": url + "/members{/member}",
        "repositories_url": f"{url}/repos",
        "parent": _parent(world, team.parent) if team.parent else None,
        "type": "organization",
        "organization_id": owner.id,
        "notification_setting": "notifications_enabled",
    }


def _parent(world: World, team: Team) -> Json:
    view = team_view(world, team)
    del view["parent"]
    return view


def _organization_view(world: World, organization: Organization) -> Json:
    account = organization.account
    base = f"{world.url}/api/v3/orgs/{account.login}"
    lists = ("repos", "events", "hooks", "issues")
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("U", account.login),
        "url": base,
        **{f"{name}_url": f"{base}/{name}" for name in lists},
        "members_url": base + "/members{/member}",
        "public_members_url": base + "/public_members{/member}",
        "avatar_url": f"{world.url}/avatars/{account.id}",
        "description": None,
        "html_url": f"{world.url}/{account.login}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "type": "Organization",
        "created_at": stamp(organization.created_at),
        "updated_at": stamp(organization.created_at),
        "archived_at": None,
    }


def organization(call: Call) -> Organization:
    """Return the organisation in the path."""
    found = call.world.organizations.get(call.parameters["org"].lower())
    if found is None:
        raise not_found()
    return found


def _team(call: Call) -> Team:
    found = organization(call).teams.get(call.parameters["team_slug"])
    if found is None or (found.privacy == "secret" and not _sees_secret(call, found)):
        raise not_found()
    return found


def _sees_secret(call: Call, team: Team) -> bool:
    """An App sees secret teams; a person only when belonging to them, or as owner."""
    account = call.actor.account
    owner = team.organization.members.get(account.login) == "admin"
    return account.kind == "Bot" or owner or account.login in team.all_members()


@serves("GET /orgs/{org}")
def get_organization(call: Call) -> Json:
    """Describe an organisation."""
    return _organization_view(call.world, organization(call))


@serves("GET /orgs/{org}/members", MEMBERS, paged=True)
def list_members(call: Call) -> list[Json]:
    """List members by role."""
    role = call.query.get("role", "all")
    found = organization(call).members.items()
    logins = [login for login, its in found if role in {"all", its}]
    return [user(call.world, call.world.account(login)) for login in logins]


@serves("GET /orgs/{org}/members/{username}", MEMBERS, status=204)
def check_member(call: Call) -> None:
    """Return whether somebody is a member."""
    if call.world.account(call.parameters["username"]).login not in organization(call).members:
        raise not_found()


@serves("GET /orgs/{org}/teams", MEMBERS, paged=True)
def list_teams(call: Call) -> list[Json]:
    """List the teams that the caller sees."""
    found = organization(call).teams.values()
    seen = [team for team in found if team.privacy != "secret" or _sees_secret(call, team)]
    return [team_view(call.world, team) for team in seen]


@serves("GET " + _TEAM, MEMBERS)
def get_team(call: Call) -> Json:
    """Describe a team."""
    team = _team(call)
    return {
        **team_view(call.world, team),
        "created_at": stamp(team.created_at),
        "updated_at": stamp(team.created_at),
        "members_count": len(team.all_members()),
        "repos_count": len(team.repositories),
        "organization": _organization_view(call.world, team.organization),
    }


@serves("GET " + _TEAM + "/members", MEMBERS, paged=True)
def list_team_members(call: Call) -> list[Json]:
    """List members, those of child teams included."""
    logins = sorted(_team(call).all_members())
    return [user(call.world, call.world.account(login)) for login in logins]


@serves("GET " + _TEAM + "/memberships/{username}", MEMBERS)
def get_membership(call: Call) -> Json:
    """Return how somebody belongs to a team, also through a child team."""
    team, login = _team(call), call.world.account(call.parameters["username"]).login
    if login not in team.all_members():
        raise not_found()
    url = f"{team_view(call.world, team)['url']}/memberships/{login}"
    role = "maintainer" if team.organization.members[login] == "admin" else "member"
    return {"url": url, "role": role, "state": "active"}


@serves("GET " + _TEAM + "/teams", MEMBERS, paged=True)
def list_child_teams(call: Call) -> list[Json]:
    """List the teams directly below a team."""
    return [team_view(call.world, team) for team in _team(call).children]


@serves("GET " + _TEAM + "/repos/{owner}/{repo}", MEMBERS, status=204)
def team_has_access(call: Call) -> None:
    """Return whether a team has access to a repository."""
    if _team(call).role(call.repository.full_name) is None:
        raise not_found()


@serves("GET /repos/{owner}/{repo}/teams", ("administration", "read"), paged=True)
def repository_teams(call: Call) -> list[Json]:
    """List the teams with access to a repository."""
    found = access.teams(call.world, call.repository)
    return [team_view(call.world, team) for team in found]
