"""Organisations and teams; what they hold takes the right `members: read`."""

from __future__ import annotations

from testbed.forge import access
from testbed.forge.errors import not_found
from testbed.forge.graphql.connections import Connection
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.rest.views import node_id
from testbed.forge.teams import Organization, Team

named(Team, "Team")
RIGHTS = (("members", "read"),)

plain(
    "Team",
    {
        "id": lambda t: node_id("TE", t.organization.account.login, t.slug),
        "databaseId": lambda t: t.id,
        "slug": lambda t: t.slug,
        "name": lambda t: t.slug,
        "combinedSlug": lambda t: f"{t.organization.account.login}/{t.slug}",
        "organization": lambda t: t.organization.account,
        "parentTeam": lambda t: t.parent,
    },
)


@field("Query.organization", "login")
def organization(_source: object, context: Context, arguments: Arguments) -> Account:
    """Find an organisation."""
    found = context.world.organizations.get(arguments["login"].lower())
    if found is None:
        text = f"Could not resolve to an Organization with the login of '{arguments['login']}'."
        raise not_found(text)
    return found.account


def _entitled(source: Account, context: Context) -> Organization:
    found = context.world.organizations[source.login.lower()]
    context.token.demand_organization(found, RIGHTS)
    return found


@field("Organization.team", "slug")
def team(source: Account, context: Context, arguments: Arguments) -> Team | None:
    """Find a team."""
    return _entitled(source, context).teams.get(arguments["slug"])


@field("Organization.teams", "userLogins")
def teams(source: Account, context: Context, arguments: Arguments) -> Connection:
    """List teams, all or those of some people."""
    found = list(_entitled(source, context).teams.values())
    logins = set(arguments.get("userLogins") or ())
    return Connection(items=[t for t in found if not logins or logins & t.all_members()])


@field("Team.members", "membership")
def members(source: Team, context: Context, arguments: Arguments) -> Connection:
    """List members, with those of child teams unless only immediate ones are asked for."""
    context.token.demand_organization(source.organization, RIGHTS)
    immediate = arguments.get("membership") == "IMMEDIATE"
    logins = sorted(source.members if immediate else source.all_members())
    return Connection(items=[context.world.account(login) for login in logins])


@field("Repository.collaborators", "login", "query", "affiliation")
def collaborators(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List people with access."""
    context.token.demand(source, (("metadata", "read"),))
    asked = arguments.get("login")
    found = access.collaborators(context.world, source)
    return Connection(items=[a for a in found if asked in {None, a.login}])
