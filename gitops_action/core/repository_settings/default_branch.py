"""What can reach the default branch without the gate's verdict."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.repository_settings import facts

ACTIONS_APP = 15368
"""GitHub Actions' number as an App on github.com: every workflow's token acts as it."""

_BREAK_GLASS_KINDS = frozenset({"Team", "User"})
_BELOW_ADMIN = range(1, 5)
_DOCUMENTED = (
    "required_status_checks", "pull_request", "non_fast_forward", "deletion", "update", "creation",
    "merge_queue", "required_linear_history", "required_signatures", "required_deployments",
    "commit_message_pattern", "commit_author_email_pattern", "committer_email_pattern",
    "branch_name_pattern", "tag_name_pattern", "file_path_restriction", "max_file_path_length",
    "file_extension_restriction", "max_file_size", "workflows", "code_scanning", "code_quality",
    "copilot_code_review",
)  # fmt: skip
"""Kinds of rules that GitHub documents; none but the first four lets a change pass the gate."""


def check_default_branch(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    """The gate's status, pull requests, code owners, and who may pass them."""
    if isinstance(settings.protection, facts.Unreadable):
        yield facts.unread(f"the branch protection of {settings.branch}", settings.protection)
    yield from _ready(settings)
    yield from _pull_requests(settings)
    yield from _bypass(settings)
    for rule in settings.on("default"):
        if rule.kind not in _DOCUMENTED:
            yield facts.SettingFinding(
                level="unknown",
                text=f"{settings.source(rule)} has the rule `{rule.kind}`, which this version does"
                " not know",
            )


def gate_apps(settings: facts.RepositorySettings) -> tuple[int, ...]:
    """The Apps whose `gitops/ready` is required."""
    pins = (check.app for rule in settings.on("default") for check in _of_gate(rule))
    return tuple(dict.fromkeys(pin for pin in pins if pin is not None))


def _of_gate(rule: facts.BranchRule) -> Iterator[facts.StatusCheck]:
    return (check for check in rule.checks if check.context == READY_CONTEXT)


def _ready(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    rules = [rule for rule in settings.on("default") if any(_of_gate(rule))]
    pins = gate_apps(settings)
    if not rules:
        yield _not_required(settings)
    elif not pins:
        yield facts.SettingFinding(
            level="gap",
            text=f"`{READY_CONTEXT}` is required from any source: a workflow of a pull request can"
            " set it",
            fix="put the gate App's number as `integration_id` into the ruleset, as"
            " .github/rulesets/ready.json has it",
        )
    elif pins == (ACTIONS_APP,):
        yield facts.SettingFinding(
            level="gap",
            text=f"`{READY_CONTEXT}` is required of GitHub Actions: a workflow on any branch can"
            " set it, so it only advises",
            fix="let a GitHub App of your own run the gate, and pin the status to it"
            " (docs/gates.md)",
        )
    else:
        listed = ", ".join(str(pin) for pin in pins)
        text = f"`{READY_CONTEXT}` of the App {listed} is required on {settings.branch}"
        yield facts.SettingFinding(level="ok", text=text)


def _not_required(settings: facts.RepositorySettings) -> facts.SettingFinding:
    unknown = isinstance(settings.protection, facts.Unreadable)
    idle = [one.name for one in settings.rulesets.values() if not one.active]
    hint = f" (inactive rulesets: {', '.join(idle)})" if idle else ""
    return facts.SettingFinding(
        level="unknown" if unknown else "gap",
        text=f"no ruleset requires `{READY_CONTEXT}` on {settings.branch}{hint}: a pull request"
        " merges without the gate",
        fix="apply .github/rulesets/ready.json once the gate has run",
    )


def _pull_requests(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    level: facts.Level = "unknown" if isinstance(settings.protection, facts.Unreadable) else "gap"
    rules = tuple(settings.on("default", "pull_request"))
    fix = "apply .github/rulesets/default-branch.json"
    if not rules:
        yield facts.SettingFinding(
            level=level, text=f"{settings.branch} can be pushed to without a pull request", fix=fix
        )
    elif not any(rule.code_owners for rule in rules):
        yield facts.SettingFinding(
            level=level,
            text="no review of code owners is required: who may merge can change workflows and"
            " .github/gitops.yaml",
            fix=fix,
        )
    else:
        text = f"{settings.branch} changes by pull requests, with a code owner's review"
        yield facts.SettingFinding(level="ok", text=text)


def _bypass(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    """Each source of rules once: a ruleset's list is for all of its rules."""
    guards = {
        rule.ruleset: rule
        for rule in settings.on("default", "pull_request", "required_status_checks")
        if rule.kind == "pull_request" or any(_of_gate(rule))
    }
    for rule in guards.values():
        actors = settings.bypass(rule)
        if isinstance(actors, facts.Unreadable):
            yield facts.unread(f"who may bypass {settings.source(rule)}", actors)
            continue
        for actor in actors:
            yield _passes(actor, settings.source(rule), classic=not rule.ruleset)
        if not actors:
            yield facts.SettingFinding(level="ok", text=f"nobody bypasses {settings.source(rule)}")


def _passes(actor: facts.BypassActor, source: str, *, classic: bool) -> facts.SettingFinding:
    if actor.mode == "pull_request" and _break_glass(actor):
        return facts.SettingFinding(
            level="note",
            text=f"{actor} may merge a pull request past {source} (break-glass); GitHub records it",
        )
    if classic:
        return facts.SettingFinding(
            level="gap",
            text=f"administrators may push past {source}",
            fix="switch on “Do not allow bypassing the above settings”",
        )
    how = "merge a pull request" if actor.mode == "pull_request" else "push and merge"
    return facts.SettingFinding(
        level="gap",
        text=f"{actor} may {how} past {source}",
        fix="remove it from `bypass_actors`; for emergencies name administrators or a team, with"
        " `bypass_mode: pull_request`",
    )


def _break_glass(actor: facts.BypassActor) -> bool:
    """Administrators, people that are named, and roles that an organisation made."""
    if actor.administrates or actor.kind in _BREAK_GLASS_KINDS:
        return True
    return actor.kind == "RepositoryRole" and actor.number not in _BELOW_ADMIN
