"""Which rules stop the gate's App, the bump's App, unattended merges and automatic rollbacks."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.config import Config
from gitops_action.core.repository_settings.default_branch import gate_apps
from gitops_action.core.repository_settings.facts import (
    BranchRule,
    RepositorySettings,
    SampleBranch,
    SettingFinding,
    Unreadable,
    unread,
)

_FREE_PROPOSALS = ("creation", "update", "deletion", "non_fast_forward", "pull_request")
"""Rules that keep a bump from making, rebuilding and removing its branch."""

_PROPOSALS_FIX = "exclude `refs/heads/gitops/**/*` from it, as proposals-only.json does"
_QUEUE_FIX = "exclude `refs/heads/gh-readonly-queue/**/*` from it"
_DEFAULT_FIX = "exclude `~DEFAULT_BRANCH` from it; default-branch.json protects that branch"


def check_unattended(settings: RepositorySettings, config: Config) -> Iterator[SettingFinding]:
    """Everything that leaves a pull request waiting which the configuration merges by itself."""
    yield from _stopped(settings, "proposal", _FREE_PROPOSALS, _PROPOSALS_FIX)
    yield from _stopped(settings, "default", ("update",), _DEFAULT_FIX)
    if any(settings.on("default", "merge_queue")):
        yield from _stopped(settings, "queue", ("creation", "update", "deletion"), _QUEUE_FIX)
    automatic = [item.name for item in config.environments if item.merge == "auto"]
    returning = [item.name for item in config.environments if item.rollback.mode == "auto"]
    if automatic or returning:
        for rule in settings.on("default", "pull_request"):
            yield from _reviews(settings, rule)
    yield from _methods(settings, config)


def _stopped(
    settings: RepositorySettings, branch: SampleBranch, kinds: tuple[str, ...], fix: str
) -> Iterator[SettingFinding]:
    for rule in settings.on(branch, *kinds):
        actors = settings.bypass(rule)
        what = f"{settings.source(rule)} restricts `{rule.kind}` of {_BRANCHES[branch]}"
        if isinstance(actors, Unreadable):
            yield unread(f"{what}; whether our App may bypass it", actors)
            continue
        apps = {actor.number for actor in actors if actor.kind == "Integration"}
        ours = set(gate_apps(settings)) if branch == "default" else apps
        if not apps & ours:
            yield SettingFinding(level="stop", text=f"{what}, which stops our App", fix=fix)


_BRANCHES = {
    "proposal": "branches `gitops/**`",
    "default": "the default branch",
    "queue": "the merge queue's branches",
}


def _reviews(settings: RepositorySettings, rule: BranchRule) -> Iterator[SettingFinding]:
    found: list[str] = []
    if rule.reviews:
        found.append(f"asks for {rule.reviews} approval{'s' * (rule.reviews > 1)}")
    if rule.last_push:
        found.append("asks for an approval of the last push")
    if rule.dismiss_stale:
        found.append("dismisses approvals on each push")
    if found:
        yield SettingFinding(
            level="stop",
            text=f"{settings.source(rule)} {' and '.join(found)}: every pull request waits for a"
            " person, unattended merges and automatic rollbacks too",
            fix="set it to 0 approvals without dismissal; `gates.approvals` counts per environment,"
            " and the gate compares what was approved",
        )


def _methods(settings: RepositorySettings, config: Config) -> Iterator[SettingFinding]:
    allowed = set(settings.methods)
    for rule in settings.on("default", "pull_request"):
        allowed &= set(rule.methods or allowed)
    if any(settings.on("default", "required_linear_history")):
        allowed.discard("merge")
    for item in config.environments:
        if item.merge == "auto" and item.merge_method not in allowed:
            yield SettingFinding(
                level="stop",
                text=f"{item.name} merges by `merge-method: {item.merge_method}`, and the"
                f" repository allows {', '.join(sorted(allowed)) or 'none'}",
                fix="allow it in the repository's settings and rulesets, or change `merge-method`",
            )
