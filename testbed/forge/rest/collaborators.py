"""Who has access to a repository, and with which role."""

from __future__ import annotations

from testbed.forge import access
from testbed.forge.errors import not_found
from testbed.forge.records import Account
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, node_id, user
from testbed.forge.teams import Role

METADATA = ("metadata", "read")
_COLLABORATORS = "/repos/{owner}/{repo}/collaborators"
_LEAST: dict[str, Role] = {
    "pull": "read",
    "triage": "triage",
    "push": "write",
    "maintain": "maintain",
    "admin": "admin",
}


def rights_of(role: Role) -> dict[str, bool]:
    """What a role may do, in the old words."""
    rank = access.ROLES.index(role)
    return {name: rank >= access.ROLES.index(least) for name, least in _LEAST.items()}


def _view(call: Call, account: Account) -> Json:
    role = access.role(call.world, call.repository, account)
    return {**user(call.world, account), "permissions": rights_of(role), "role_name": role}


def _account(call: Call) -> Account:
    account = call.world.accounts.get(call.parameters["username"].lower())
    if account is None:
        raise not_found()
    return account


@serves("GET " + _COLLABORATORS, METADATA, paged=True)
def list_collaborators(call: Call) -> list[Json]:
    """List everyone with access, by the least permission."""
    least = _LEAST[call.query.get("permission", "pull")]
    found = access.collaborators(call.world, call.repository)
    return [
        _view(call, account)
        for account in found
        if access.at_least(call.world, call.repository, account, least)
    ]


@serves("GET " + _COLLABORATORS + "/{username}", METADATA, status=204)
def is_collaborator(call: Call) -> None:
    """Return whether someone has access."""
    if _account(call) not in access.collaborators(call.world, call.repository):
        raise not_found()


@serves("GET " + _COLLABORATORS + "/{username}/permission", METADATA)
def get_permission(call: Call) -> Json:
    """Return someone's role: `permission` in the four old words, `role_name` as it is."""
    account = _account(call)
    view = _view(call, account)
    role = view["role_name"]
    return {"permission": access.permission(role), "role_name": role, "user": view}


@serves("GET /users/{username}")
def get_user(call: Call) -> Json:
    """Describe an account."""
    account = _account(call)
    return {
        **user(call.world, account),
        "node_id": node_id("U", account.login),
        "name": account.name or None,
        "email": None,
        **dict.fromkeys(("company", "blog", "location", "hireable", "bio")),
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
    }
