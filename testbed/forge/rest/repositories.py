"""Repositories and branches."""

from __future__ import annotations

from testbed.forge import pulls
from testbed.forge.errors import not_found
from testbed.forge.rest.collaborators import rights_of
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.rules import checks_view, protections
from testbed.forge.rest.views import (
    Json,
    api,
    commit_view,
    repository_view,
    web,
)

METADATA = ("metadata", "read")
CONTENTS = ("contents", "read")


@serves("GET /repos/{owner}/{repo}", METADATA)
def get_repository(call: Call) -> Json:
    """Describe one repository."""
    view = repository_view(call.world, call.repository, full=True)
    role = call.token.role if call.token else None
    if role:
        view["permissions"] = rights_of(role(call.repository))
    return view


@serves("GET /repos/{owner}/{repo}/branches/{branch}", CONTENTS)
def get_branch(call: Call) -> Json:
    """Describe one branch."""
    name = call.parameters["branch"]
    oid = pulls.branch_tip(call.repository, name)
    if oid is None:
        raise not_found("Branch not found")
    rules = protections(call.repository, name)
    base = f"{api(call.world, call.repository)}/branches/{name}"
    return {
        "name": name,
        "commit": commit_view(call.world, call.repository, oid),
        "_links": {"self": base, "html": f"{web(call.world, call.repository)}/tree/{name}"},
        "protected": bool(call.repository.protected_by(name)),
        "protection": {
            "enabled": bool(rules),
            "required_status_checks": {
                "enforcement_level": "non_admins" if rules else "off",
                **checks_view(rules),
            },
        },
        "protection_url": f"{base}/protection",
    }


@serves("GET /repos/{owner}/{repo}/branches", CONTENTS, paged=True)
def list_branches(call: Call) -> list[Json]:
    """List branches."""
    repository = call.repository
    base = api(call.world, repository)
    found = []
    for ref, oid in repository.git.refs("refs/heads/").items():
        name = ref.removeprefix("refs/heads/")
        view = {
            "name": name,
            "commit": {"sha": oid, "url": f"{base}/commits/{oid}"},
            "protected": bool(repository.protected_by(name)),
        }
        if call.query.get("protected") in {None, str(view["protected"]).lower()}:
            found.append(view)
    return found
