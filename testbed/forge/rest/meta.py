"""Who am I, how much may I still ask, what is this server."""

from __future__ import annotations

from typing import Any

from testbed.forge.errors import ApiError, bad_credentials
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, repository_view, stamp, user

LIMIT = {"limit": 5000, "remaining": 4999, "reset": 4102444800, "used": 1}


@serves("GET /user")
def get_user(call: Call) -> Json:
    """Return who a person's token belongs to; installation tokens are refused."""
    if call.token is None:
        raise ApiError(status=401, message="Requires authentication")
    call.token.demand_account()
    account = call.token.account
    since = stamp(call.world.now())
    return {
        **user(call.world, account),
        "name": account.name or account.login,
        "email": account.email,
        **dict.fromkeys(("company", "blog", "location", "hireable", "bio")),
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": since,
        "updated_at": since,
    }


@serves("GET /app")
def get_app(call: Call) -> Json:
    """Refuse: it wants an App's JSON web token, and no token given out here is one."""
    if call.token is None:
        raise bad_credentials()
    raise ApiError(status=401, message="A JSON web token could not be decoded")


@serves("GET /installation/repositories")
def installation_repositories(call: Call) -> Json:
    """List the repositories that an installation token was made for."""
    token = call.token
    if token is None or not token.signs:
        raise ApiError(
            status=403, message="You must authenticate with an installation access token"
        )
    chosen = token.repositories
    found = [
        repository_view(call.world, repository)
        for name, repository in call.world.repositories.items()
        if chosen is None or name in chosen
    ]
    return {"total_count": len(found), "repositories": found}


@serves("GET /rate_limit")
def rate_limit(_call: Call) -> Json:
    """Return the limits; they are never used up here."""
    return {"resources": {"core": LIMIT, "search": LIMIT, "graphql": LIMIT}, "rate": LIMIT}


@serves("GET /meta")
def meta(call: Call) -> Json:
    """Describe the server; one of Enterprise names its version, which gh reads too."""
    version = call.world.enterprise_version
    installed = {"installed_version": version} if version else {}
    return {"verifiable_password_authentication": False, **installed}


@serves("GET /")
def root(call: Call) -> Any:
    """List addresses; gh asks here which scopes a token has."""
    return {key: call.base + path for key, path in _ROOT.items()}


_ROOT = {
    "current_user_url": "/user",
    "repository_url": "/repos/{owner}/{repo}",
    "rate_limit_url": "/rate_limit",
}
