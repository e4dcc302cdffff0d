"""Environments, their branch policies and the names of their secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from testbed.forge.environments import Environment
from testbed.forge.errors import not_found
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, node_id, stamp, user, web

READ = ("actions", "read")
_ALL = "/repos/{owner}/{repo}/environments"
_ONE = _ALL + "/{environment_name}"


def _view(call: Call, environment: Environment) -> Json:
    identifier = {"id": environment.id, "node_id": node_id("GA", environment.id)}
    custom = environment.branches is not None
    limited = custom or environment.protected
    policy = {"protected_branches": environment.protected, "custom_branch_policies": custom}
    rules: list[Json] = [{**identifier, "type": "branch_policy"}] if limited else []
    if environment.wait_minutes:
        timer = {"type": "wait_timer", "wait_timer": environment.wait_minutes}
        rules.append({**identifier, **timer})
    if environment.reviewers:
        accounts = [call.world.account(login) for login in environment.reviewers]
        people = [{"type": "User", "reviewer": user(call.world, one)} for one in accounts]
        its: Json = {"type": "required_reviewers", "prevent_self_review": False}
        rules.append({**identifier, **its, "reviewers": people})
    base = f"{api(call.world, call.repository)}/environments/{environment.name}"
    page = f"{web(call.world, call.repository)}/deployments/activity_log"
    return {
        **identifier,
        "name": environment.name,
        "url": base,
        "html_url": f"{page}?environments_filter={environment.name}",
        "created_at": stamp(environment.created_at),
        "updated_at": stamp(environment.created_at),
        "protection_rules": rules,
        "deployment_branch_policy": policy if limited else None,
    }


def _found(call: Call) -> Environment:
    name = unquote(call.parameters["environment_name"])
    environment = call.repository.environments.get(name.lower())
    if environment is None:
        raise not_found()
    return environment


@serves("GET " + _ALL, READ)
def list_environments(call: Call) -> Json:
    """List environments (one page)."""
    views = [_view(call, each) for each in call.repository.environments.values()]
    return {"total_count": len(views), "environments": views}


@serves("GET " + _ONE, READ)
def get_environment(call: Call) -> Json:
    """Read an environment."""
    return _view(call, _found(call))


@serves("GET " + _ONE + "/deployment-branch-policies", READ)
def list_policies(call: Call) -> Json:
    """List the patterns of branches that may use an environment."""
    environment = _found(call)
    policies: list[dict[str, Any]] = [
        {"id": at, "node_id": node_id("BP", at), "name": name, "type": "branch"}
        for at, name in enumerate(environment.branches or (), environment.id * 100)
    ]
    return {"total_count": len(policies), "branch_policies": policies}


def _secrets(call: Call, names: dict[str, str]) -> Json:
    since = stamp(call.repository.created_at)
    found = [{"name": name, "created_at": since, "updated_at": since} for name in sorted(names)]
    return {"total_count": len(found), "secrets": found}


@serves("GET " + _ONE + "/secrets", ("environments", "read"))
def list_environment_secrets(call: Call) -> Json:
    """List the names of an environment's secrets; nobody reads their values."""
    return _secrets(call, _found(call).secrets)


@serves("GET /repos/{owner}/{repo}/actions/secrets", ("secrets", "read"))
def list_secrets(call: Call) -> Json:
    """List the names of the repository's secrets."""
    return _secrets(call, call.repository.secrets)
