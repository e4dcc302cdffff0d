"""Branch protection and rulesets, as REST shows them."""

from __future__ import annotations

from testbed.forge import access, requirements
from testbed.forge.errors import not_found
from testbed.forge.model import Repository
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json, api, stamp, web
from testbed.forge.rulesets import Bypass, Protection, RequiredStatus

METADATA = ("metadata", "read")
ADMINISTRATION = ("administration", "read")
_BRANCH = "/repos/{owner}/{repo}/branches/{branch}"
_SPECIAL = ("~ALL", "~DEFAULT_BRANCH")
_ROLES = {"read": 1, "triage": 2, "write": 4, "maintain": 2, "admin": 5}


def protections(repository: Repository, branch: str) -> list[Protection]:
    """The classic protections of a branch."""
    return [rule for rule in repository.protected_by(branch) if rule.via == "protection"]


def required(rules: list[Protection]) -> list[RequiredStatus]:
    """The required statuses of several rules, in order."""
    found = {status for rule in rules for status in rule.statuses()}
    return sorted(found, key=lambda status: (status.context, status.app_id or 0))


def checks_view(rules: list[Protection]) -> Json:
    """Write contexts, and the Apps they are pinned to."""
    found = required(rules)
    return {
        "contexts": [status.context for status in found],
        "checks": [{"context": s.context, "app_id": s.app_id} for s in found],
    }


@serves("GET " + _BRANCH + "/protection", ADMINISTRATION)
def get_protection(call: Call) -> Json:
    """Describe a branch's protection."""
    name = call.parameters["branch"]
    rules = protections(call.repository, name)
    if not rules:
        raise not_found("Branch not protected")
    url = f"{api(call.world, call.repository)}/branches/{name}/protection"
    return {
        "url": url,
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": _binds_administrators(rules)},
        "required_status_checks": _checks(url, rules),
        "required_pull_request_reviews": {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": any(rule.dismiss_stale for rule in rules),
            "require_code_owner_reviews": any(rule.code_owners for rule in rules),
            "required_approving_review_count": max(rule.required_reviews for rule in rules),
            "require_last_push_approval": any(rule.last_push_approval for rule in rules),
        },
    }


def _binds_administrators(rules: list[Protection]) -> bool:
    return not any(each.actor == "role:admin" for rule in rules for each in rule.bypasses())


@serves("GET " + _BRANCH + "/protection/required_status_checks", ADMINISTRATION)
def get_required_checks(call: Call) -> Json:
    """List the status checks that protection requires."""
    name = call.parameters["branch"]
    rules = protections(call.repository, name)
    if not required(rules):
        raise not_found("Required status checks not enabled")
    return _checks(f"{api(call.world, call.repository)}/branches/{name}/protection", rules)


def _checks(url: str, rules: list[Protection]) -> Json:
    return {
        "url": f"{url}/required_status_checks",
        "strict": any(rule.strict for rule in rules),
        "contexts_url": f"{url}/required_status_checks/contexts",
        **checks_view(rules),
    }


def _rules(call: Call, rule: Protection) -> list[Json]:
    """Write a ruleset's rules."""
    plain = {
        "deletion": rule.restrict_deletions,
        "non_fast_forward": rule.block_force_push,
        "creation": rule.restrict_creations,
    }
    found: list[Json] = [{"type": name} for name, there in plain.items() if there]
    if rule.restrict_updates:
        parameters: Json = {"update_allows_fetch_and_merge": False}
        found.append({"type": "update", "parameters": parameters})
    if rule.required_statuses:
        found.append({"type": "required_status_checks", "parameters": _status_rule(rule)})
    if rule.pull_request:
        found.append({"type": "pull_request", "parameters": _pull_request_rule(call, rule)})
    if rule.merge_queue:
        queue = rule.merge_queue
        parameters = {
            "check_response_timeout_minutes": queue.timeout_minutes,
            "grouping_strategy": queue.strategy,
            "max_entries_to_build": queue.build,
            "max_entries_to_merge": queue.maximum,
            "merge_method": queue.method.upper(),
            "min_entries_to_merge": queue.minimum,
            "min_entries_to_merge_wait_minutes": queue.wait_minutes,
        }
        found.append({"type": "merge_queue", "parameters": parameters})
    return found


def _status_rule(rule: Protection) -> Json:
    pins = [
        {"context": s.context, **({"integration_id": s.app_id} if s.app_id else {})}
        for s in rule.statuses()
    ]
    return {"required_status_checks": pins, "strict_required_status_checks_policy": rule.strict}


def _pull_request_rule(call: Call, rule: Protection) -> Json:
    teams = {team.slug: team.id for team in access.teams(call.world, call.repository)}
    return {
        "allowed_merge_methods": list(rule.merge_methods),
        "dismiss_stale_reviews_on_push": rule.dismiss_stale,
        "require_code_owner_review": rule.code_owners,
        "require_last_push_approval": rule.last_push_approval,
        "required_approving_review_count": rule.required_reviews,
        "required_review_thread_resolution": False,
        "required_reviewers": [
            {
                "file_patterns": list(each.patterns),
                "minimum_approvals": each.minimum,
                "reviewer": {"id": teams.get(each.team, 0), "type": "Team"},
            }
            for each in rule.required_reviewers
        ],
    }


@serves("GET /repos/{owner}/{repo}/rules/branches/{branch}", METADATA, paged=True)
def rules_for_branch(call: Call) -> list[Json]:
    """List the rulesets' rules that hold for a branch (protections are not among them)."""
    repository = call.repository
    return [
        {
            **each,
            "ruleset_source_type": "Repository",
            "ruleset_source": repository.full_name,
            "ruleset_id": rule.id,
        }
        for rule in repository.protected_by(call.parameters["branch"])
        if rule.via == "ruleset"
        for each in _rules(call, rule)
    ]


def _ruleset(call: Call, rule: Protection, *, full: bool = False) -> Json:
    repository = call.repository
    url = f"{api(call.world, repository)}/rulesets/{rule.id}"
    page = f"{web(call.world, repository)}/rules/{rule.id}"
    view: Json = {
        "id": rule.id,
        "name": rule.name,
        "target": "branch",
        "source_type": "Repository",
        "source": repository.full_name,
        "enforcement": rule.enforcement,
        "node_id": f"RRS_{rule.id}",
        "_links": {"self": {"href": url}, "html": {"href": page}},
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
    }
    if not full:
        return view
    ref_name = {"include": [_ref(rule.pattern)], "exclude": [_ref(p) for p in rule.exclude]}
    view |= {
        "conditions": {"ref_name": ref_name},
        "rules": _rules(call, rule),
        "current_user_can_bypass": _mode(call, rule),
    }
    if call.token and call.token.may(repository, "administration", "write"):
        view["bypass_actors"] = [_bypass(call, each) for each in rule.bypasses()]
    return view


def _ref(pattern: str) -> str:
    return pattern if pattern in _SPECIAL else f"refs/heads/{pattern}"


def _mode(call: Call, rule: Protection) -> str:
    actor = call.actor if call.token else None
    mode = requirements.bypass_mode(call.world, call.repository, rule, actor)
    return {None: "never", "pull_request": "pull_requests_only"}.get(mode, mode or "never")


def _bypass(call: Call, bypass: Bypass) -> Json:
    kind, _, name = bypass.actor.rpartition(":")
    if kind == "role":
        actor: Json = {"actor_type": "RepositoryRole", "actor_id": _ROLES[name]}
    elif kind == "team":
        teams = {team.slug: team.id for team in access.teams(call.world, call.repository)}
        actor = {"actor_type": "Team", "actor_id": teams.get(name, 0)}
    else:
        account = call.world.account(name)
        bot = account.kind == "Bot"
        number = account.app_id if bot else account.id
        actor = {"actor_type": "Integration" if bot else "User", "actor_id": number}
    return {**actor, "bypass_mode": bypass.mode}


def _rulesets(call: Call) -> list[Protection]:
    return [rule for rule in call.repository.protections if rule.via == "ruleset"]


@serves("GET /repos/{owner}/{repo}/rulesets", METADATA, paged=True)
def list_rulesets(call: Call) -> list[Json]:
    """List rulesets."""
    return [_ruleset(call, rule) for rule in _rulesets(call)]


@serves("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", METADATA)
def get_ruleset(call: Call) -> Json:
    """Read a ruleset; who may bypass it is shown to administrators alone."""
    for rule in _rulesets(call):
        if rule.id == call.number("ruleset_id"):
            return _ruleset(call, rule, full=True)
    raise not_found()
