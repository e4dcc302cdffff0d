"""Repositories, branches, protection and rules."""

from __future__ import annotations

from typing import Any

from testbed.forge import pulls
from testbed.forge.errors import not_found
from testbed.forge.model import Protection
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import (
    Json,
    api,
    commit_view,
    repository_view,
    web,
)

METADATA = ("metadata", "read")
CONTENTS = ("contents", "read")
ADMINISTRATION = ("administration", "read")


@serves("GET /repos/{owner}/{repo}", METADATA)
def get_repository(call: Call) -> Json:
    """Describe one repository."""
    return repository_view(call.world, call.repository, full=True)


def _required(rules: list[Protection]) -> list[str]:
    return sorted({context for rule in rules for context in rule.required_statuses})


@serves("GET /repos/{owner}/{repo}/branches/{branch}", CONTENTS)
def get_branch(call: Call) -> Json:
    """Describe one branch."""
    name = call.parameters["branch"]
    oid = pulls.branch_tip(call.repository, name)
    if oid is None:
        raise not_found("Branch not found")
    rules = [r for r in call.repository.protected_by(name) if r.via == "protection"]
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
                "contexts": _required(rules),
                "checks": [{"context": c, "app_id": None} for c in _required(rules)],
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


@serves("GET /repos/{owner}/{repo}/branches/{branch}/protection", ADMINISTRATION)
def get_protection(call: Call) -> Json:
    """Describe a branch's protection."""
    name = call.parameters["branch"]
    rules = [r for r in call.repository.protected_by(name) if r.via == "protection"]
    if not rules:
        raise not_found("Branch not protected")
    url = f"{api(call.world, call.repository)}/branches/{name}/protection"
    return {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_status_checks": _checks(url, rules),
    }


@serves(
    "GET /repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks", ADMINISTRATION
)
def get_required_checks(call: Call) -> Json:
    """List the status checks that protection requires."""
    name = call.parameters["branch"]
    rules = [r for r in call.repository.protected_by(name) if r.via == "protection"]
    if not _required(rules):
        raise not_found("Required status checks not enabled")
    return _checks(f"{api(call.world, call.repository)}/branches/{name}/protection", rules)


def _checks(url: str, rules: list[Protection]) -> Json:
    return {
        "url": f"{url}/required_status_checks",
        "strict": any(rule.strict for rule in rules),
        "contexts": _required(rules),
        "contexts_url": f"{url}/required_status_checks/contexts",
        "checks": [{"context": context, "app_id": None} for context in _required(rules)],
    }


@serves("GET /repos/{owner}/{repo}/rules/branches/{branch}", METADATA, paged=True)
def rules_for_branch(call: Call) -> list[Json]:
    """List the rulesets' rules that hold for a branch (protections are not among them)."""
    found: list[Json] = []
    repository = call.repository
    for at, rule in enumerate(repository.protections, 1):
        if rule.via != "ruleset" or not rule.covers(call.parameters["branch"]):
            continue
        source: dict[str, Any] = {
            "ruleset_source_type": "Repository",
            "ruleset_source": repository.full_name,
            "ruleset_id": at,
        }
        if rule.required_statuses:
            checks = [{"context": context} for context in rule.required_statuses]
            parameters: Json = {
                "required_status_checks": checks,
                "strict_required_status_checks_policy": rule.strict,
            }
            found.append({"type": "required_status_checks", "parameters": parameters, **source})
        parameters = {
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_approving_review_count": rule.required_reviews,
            "required_review_thread_resolution": False,
        }
        found.append({"type": "pull_request", "parameters": parameters, **source})
    return found
