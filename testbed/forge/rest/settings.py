"""Settings of Actions, faults of CODEOWNERS, and the Apps of an organisation."""

from __future__ import annotations

from testbed.forge import codeowners
from testbed.forge.rest.organizations import organization
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, stamp, user
from testbed.forge.teams import Installation

ADMINISTRATION = ("administration", "read")
_ACTIONS = "/repos/{owner}/{repo}/actions/permissions"


@serves("GET " + _ACTIONS + "/workflow", ADMINISTRATION)
def get_workflow_permissions(call: Call) -> Json:
    """Tell what the job's token may do where no workflow says it."""
    return {
        "default_workflow_permissions": "write" if call.repository.writes_by_default else "read",
        "can_approve_pull_request_reviews": call.repository.actions_may_approve,
    }


@serves("GET " + _ACTIONS + "/fork-pr-workflows-private-repos", ADMINISTRATION)
def get_fork_policy(call: Call) -> Json:
    """Tell what runs for pull requests of forks get (`forks_get`: "run", "write", "secrets")."""
    given = call.repository.forks_get
    return {
        "run_workflows_from_fork_pull_requests": bool(given),
        "send_write_tokens_to_workflows": "write" in given,
        "send_secrets_and_variables": "secrets" in given,
        "require_approval_for_fork_pr_workflows": False,
    }


@serves("GET /repos/{owner}/{repo}/codeowners/errors", ("contents", "read"))
def list_codeowners_errors(call: Call) -> Json:
    """List owners that are no writers of the repository."""
    branch = call.query.get("ref", call.repository.default_branch)
    found = codeowners.unknown_owners(call.world, call.repository, branch)
    return {
        "errors": [
            {
                "line": line,
                "column": 1,
                "source": text,
                "kind": "Unknown owner",
                "suggestion": f"make sure {name} exists and has write access to the repository",
                "message": f"Unknown owner on line {line}: {name}",
                "path": path,
            }
            for path, line, text, name in found
        ]
    }


@serves("GET /orgs/{org}/installations", ("organization_administration", "read"))
def list_installations(call: Call) -> Json:
    """List the Apps that are installed in an organisation."""
    found = organization(call)
    views = [_installation(call, each) for each in found.installations]
    return {"total_count": len(views), "installations": views}


def _installation(call: Call, each: Installation) -> Json:
    owner = organization(call).account
    base = f"{call.base}/app/installations/{each.id}"
    return {
        "id": each.id,
        "account": user(call.world, owner),
        "app_id": each.account.app_id,
        "app_slug": each.account.login.removesuffix("[bot]"),
        "target_id": owner.id,
        "target_type": "Organization",
        "permissions": dict(each.permissions),
        "events": [],
        "repository_selection": "all" if each.everywhere else "selected",
        "access_tokens_url": f"{base}/access_tokens",
        "repositories_url": f"{call.base}/installation/repositories",
        "html_url": f"{call.world.url}/organizations/{owner.login}/settings/apps/{each.id}",
        "created_at": stamp(call.world.now()),
        "updated_at": stamp(call.world.now()),
        "single_file_name": None,
        "suspended_at": None,
        "suspended_by": None,
    }
