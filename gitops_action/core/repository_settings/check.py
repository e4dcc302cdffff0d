"""The settings as a whole: every finding, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops_action.core.config import Config, Environment
from gitops_action.core.outcome import Line, Part, Tone
from gitops_action.core.pattern import pattern
from gitops_action.core.repository_settings import facts
from gitops_action.core.repository_settings.access import check_access
from gitops_action.core.repository_settings.codeowners import check_codeowners
from gitops_action.core.repository_settings.default_branch import check_default_branch, gate_apps

# Which rules stop the gate's App, the bump's App, unattended merges and automatic rollbacks.

_FREE_PROPOSALS = ("creation", "update", "deletion", "non_fast_forward", "pull_request")
"""Rules that keep a bump from making, rebuilding and removing its branch."""

_PROPOSALS_FIX = "exclude `refs/heads/gitops/**/*` from it, as proposals-only.json does"
_QUEUE_FIX = "exclude `refs/heads/gh-readonly-queue/**/*` from it"
_DEFAULT_FIX = "exclude `~DEFAULT_BRANCH` from it; default-branch.json protects that branch"


def check_unattended(
    settings: facts.RepositorySettings, config: Config
) -> Iterator[facts.SettingFinding]:
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
    settings: facts.RepositorySettings, branch: facts.SampleBranch, kinds: tuple[str, ...], fix: str
) -> Iterator[facts.SettingFinding]:
    for rule in settings.on(branch, *kinds):
        actors = settings.bypass(rule)
        what = f"{settings.source(rule)} restricts `{rule.kind}` of {_BRANCHES[branch]}"
        if isinstance(actors, facts.Unreadable):
            yield facts.unread(f"{what}; whether our App may bypass it", actors)
            continue
        apps = {actor.number for actor in actors if actor.kind == "Integration"}
        ours = set(gate_apps(settings)) if branch == "default" else apps
        if not apps & ours:
            yield facts.SettingFinding(level="stop", text=f"{what}, which stops our App", fix=fix)


_BRANCHES = {
    "proposal": "branches `gitops/**`",
    "default": "the default branch",
    "queue": "the merge queue's branches",
}


def _reviews(
    settings: facts.RepositorySettings, rule: facts.BranchRule
) -> Iterator[facts.SettingFinding]:
    found: list[str] = []
    if rule.reviews:
        found.append(f"asks for {rule.reviews} approval{'s' * (rule.reviews > 1)}")
    if rule.last_push:
        found.append("asks for an approval of the last push")
    if rule.dismiss_stale:
        found.append("dismisses approvals on each push")
    if found:
        yield facts.SettingFinding(
            level="stop",
            text=f"{settings.source(rule)} {' and '.join(found)}: every pull request waits for a"
            " person, unattended merges and automatic rollbacks too",
            fix="set it to 0 approvals without dismissal; `gates.approvals` counts per environment,"
            " and the gate compares what was approved",
        )


def _methods(settings: facts.RepositorySettings, config: Config) -> Iterator[facts.SettingFinding]:
    allowed = set(settings.methods)
    for rule in settings.on("default", "pull_request"):
        allowed &= set(rule.methods or allowed)
    if any(settings.on("default", "required_linear_history")):
        allowed.discard("merge")
    for item in config.environments:
        if item.merge == "auto" and item.merge_method not in allowed:
            yield facts.SettingFinding(
                level="stop",
                text=f"{item.name} merges by `merge-method: {item.merge_method}`, and the"
                f" repository allows {', '.join(sorted(allowed)) or 'none'}",
                fix="allow it in the repository's settings and rulesets, or change `merge-method`",
            )


# What GitHub Enterprise Server lacks of what the configuration asks for.
#
# By GitHub's API descriptions of 3.17 to 3.19: they have no attestations and no artifact metadata;
# the activity of a branch is in 3.17 and later.

_ACTIVITY = (3, 17)
_VERSION = pattern(r"(\d+)\.(\d+)")


def check_server(
    settings: facts.RepositorySettings, config: Config
) -> Iterator[facts.SettingFinding]:
    """Nothing for github.com, which has no version."""
    version = settings.server_version
    if isinstance(version, facts.Unreadable):
        yield facts.unread("the server's version", version)
        return
    if not version:
        return
    server = f"GitHub Enterprise Server {version}"
    yield facts.SettingFinding(
        level="note",
        text=f"{server} has no artifact metadata: `deploy` notes that where it is asked for it",
    )
    if names := [item.name for item in config.environments if _has_provenance(item)]:
        yield facts.SettingFinding(
            level="note",
            text=f"{server} keeps no attestations: `provenance` of {', '.join(names)} reads"
            " bundles beside the image in its registry alone",
            fix="push them to the registry, signed by a sigstore of your own (docs/gates.md)",
        )
    names = [item.name for item in config.environments if _excludes_pushers(item)]
    if names and not _knows_pushes(version):
        yield facts.SettingFinding(
            level="stop",
            text=f"{server} keeps no record of pushes, so approvals in {', '.join(names)} stay"
            " unknown",
            fix="upgrade to 3.17, or set `not-by: [author]`",
        )


def _has_provenance(environment: Environment) -> bool:
    return bool(environment.gates and environment.gates.provenance)


def _excludes_pushers(environment: Environment) -> bool:
    rule = environment.gates.approvals if environment.gates else None
    return bool(rule and rule.count and "pushers" in rule.not_by)


def _knows_pushes(version: str) -> bool:
    found = _VERSION.match(version)
    return found is not None and (int(found[1]), int(found[2])) >= _ACTIVITY


_TITLES: Mapping[facts.Level, tuple[str, Tone]] = {
    "gap": ("Goes around the gate", "old"),
    "stop": ("Stops unattended work", "old"),
    "unknown": ("Could not be read, so not checked", "strong"),
    "note": ("To know", "strong"),
    "ok": ("As it should be", "new"),
}
FAILING: frozenset[facts.Level] = frozenset({"gap", "stop", "unknown"})


def check_settings(
    settings: facts.RepositorySettings, config: Config
) -> tuple[facts.SettingFinding, ...]:
    """Every finding once, what matters most first."""
    found = (
        *check_default_branch(settings),
        *check_codeowners(settings, config),
        *check_access(settings, config),
        *check_unattended(settings, config),
        *check_server(settings, config),
    )
    order = tuple(_TITLES)
    return tuple(sorted(dict.fromkeys(found), key=lambda item: order.index(item.level)))


def headline(settings: facts.RepositorySettings, findings: Sequence[facts.SettingFinding]) -> str:
    """One line with the counts."""
    counts = {level: sum(item.level == level for item in findings) for level in _TITLES}
    words = (
        f"{_count(counts['gap'], 'way')} around the gate",
        f"{_count(counts['stop'], 'rule')} that stop{'s' * (counts['stop'] == 1)} it",
        f"{counts['unknown']} unknown",
        f"{counts['ok']} right",
    )
    return f"{settings.repository}, branch {settings.branch}: {', '.join(words)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def lines(findings: Sequence[facts.SettingFinding]) -> tuple[Line, ...]:
    """The findings by their level, each with what corrects it."""
    return tuple(line for level in _TITLES for line in _group(level, findings))


def _group(level: facts.Level, findings: Sequence[facts.SettingFinding]) -> Iterator[Line]:
    mine = [item for item in findings if item.level == level]
    if not mine:
        return
    title, tone = _TITLES[level]
    yield ""
    yield (Part(text=title, tone=tone),)
    for item in mine:
        yield f"  {item.text}"
        if item.fix:
            yield (Part(text=f"    Fix: {item.fix}", tone="quiet"),)
