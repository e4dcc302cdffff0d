"""What identities and secrets can do beside the rules: Apps, environments, runs, other branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_action.core.config import Config
from gitops_action.core.inputs.gate import GATE_RIGHTS
from gitops_action.core.repository_settings import facts
from gitops_action.core.repository_settings.default_branch import ACTIONS_APP, gate_apps

KEY_ENVIRONMENTS = ("gitops", "gitops-gate")
"""GitHub environments that hold the Apps' keys."""

KEY_SECRETS = frozenset({"GITOPS_PRIVATE_KEY", "GITOPS_GATE_PRIVATE_KEY", "KUBECONFIG"})


def check_access(
    settings: facts.RepositorySettings, config: Config
) -> Iterator[facts.SettingFinding]:
    """Branches beside the default one, keys, Apps, and what workflow runs get."""
    yield from _proposals_only(settings)
    yield from _environments(settings, config)
    yield from _repository_secrets(settings)
    yield from _apps(settings)
    yield from _runs(settings)


def _proposals_only(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    """The bump's key lies in application repositories: it may write `gitops/**` alone."""
    rules = {rule.kind: rule for rule in settings.on("other", "creation", "update")}
    if len(rules) < 2:  # noqa: PLR2004 - both kinds
        yield facts.SettingFinding(
            level="gap",
            text="an App with `contents: write` can write any branch that no rule protects",
            fix="apply .github/rulesets/proposals-only.json",
        )
        return
    for rule in {rule.ruleset: rule for rule in rules.values()}.values():
        actors = settings.bypass(rule)
        if isinstance(actors, facts.Unreadable):
            yield facts.unread(f"who may bypass {settings.source(rule)}", actors)
            continue
        passing = [actor for actor in actors if actor.kind in {"Integration", "DeployKey"}]
        for actor in passing:
            yield facts.SettingFinding(
                level="gap",
                text=f"{actor} may write every branch past {settings.source(rule)}",
                fix="remove it from `bypass_actors`: people pass by their role, an App proposes in"
                " `gitops/**`",
            )
        if not passing:
            yield facts.SettingFinding(
                level="ok", text="Apps and deploy keys write no branch of people's"
            )


# GitHub environments and the secrets in them.


def _environments(
    settings: facts.RepositorySettings, config: Config
) -> Iterator[facts.SettingFinding]:
    found = settings.environments
    if isinstance(found, facts.Unreadable):
        yield facts.unread("the GitHub environments", found)
        return
    for name in KEY_ENVIRONMENTS:
        yield from _key_environment(name, found.get(name), settings.branch)
    for item in config.environments:
        if item.deploy.targets:
            yield from _deployed(item.name, found.get(item.name), settings.branch)


def _key_environment(
    name: str, found: facts.GitHubEnvironment | None, branch: str
) -> Iterator[facts.SettingFinding]:
    if found is None:
        yield facts.SettingFinding(
            level="gap",
            text=f"the GitHub environment `{name}` is not there: the first job that names it"
            " creates it without protection",
            fix=_limit(name),
        )
        return
    yield _branches(found, branch)
    if found.attended:
        yield facts.SettingFinding(
            level="stop",
            text=f"jobs of the GitHub environment `{name}` wait for reviewers or a timer",
            fix="remove them: `gates` of the configuration decide what waits",
        )


def _deployed(
    name: str, found: facts.GitHubEnvironment | None, branch: str
) -> Iterator[facts.SettingFinding]:
    if found is None:
        yield facts.SettingFinding(
            level="note",
            text=f"the GitHub environment `{name}` is not there: the first deployment creates it"
            " without protection",
            fix=_limit(name),
        )
    elif isinstance(found.secrets, facts.Unreadable):
        yield facts.unread(
            f"the names of the secrets of the GitHub environment `{name}`", found.secrets
        )
        yield _branches(found, branch)
    elif found.secrets:
        yield _branches(found, branch)


def _branches(found: facts.GitHubEnvironment, branch: str) -> facts.SettingFinding:
    name, patterns = found.name, found.patterns
    if isinstance(patterns, facts.Unreadable):
        return facts.unread(f"which branches may use the GitHub environment `{name}`", patterns)
    if found.protected:
        return facts.SettingFinding(
            level="note",
            text=f"every protected branch may use the GitHub environment `{name}`",
            fix=f"name {branch} alone",
        )
    if patterns == (branch,):
        return facts.SettingFinding(
            level="ok", text=f"only {branch} uses the GitHub environment `{name}`"
        )
    others = [item for item in patterns or () if item != branch]
    whose = f"`{', '.join(others)}`" if others else "every branch"
    return facts.SettingFinding(
        level="gap",
        text=f"a workflow on {whose} can use the secrets of the GitHub environment `{name}`",
        fix=_limit(name),
    )


def _limit(name: str) -> str:
    return (
        f"make the environment `{name}` for the default branch alone (docs/permissions.md,"
        " “GitHub environments”)"
    )


def _repository_secrets(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    found = settings.secrets
    if isinstance(found, facts.Unreadable):
        yield facts.unread("the names of the repository's secrets", found)
        return
    for name in sorted(found & KEY_SECRETS):
        yield facts.SettingFinding(
            level="gap",
            text=f"`{name}` is a secret of the repository: a workflow on any branch can read it",
            fix="move it to its GitHub environment; private repositories of the free plan have none"
            " (docs/gates.md says what is weaker)",
        )


# Apps, and what runs get without asking.


def _apps(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    apps = settings.apps
    if isinstance(apps, facts.Unreadable):
        yield facts.unread("the Apps of the organisation and their rights", apps)
        return
    gates = gate_apps(settings)
    for app in apps:
        yield from _rights(app, gates=app.number in gates)


def _rights(app: facts.InstalledApp, *, gates: bool) -> Iterator[facts.SettingFinding]:
    where = "" if app.everywhere else ", if it is installed on this repository"
    if app.permissions.get("administration") == "write":
        yield facts.SettingFinding(
            level="gap",
            text=f"the App {app.name!r} can change these rules (`administration: write`){where}",
            fix="take the right away, or keep the App off this repository",
        )
    if app.permissions.get("workflows") == "write" and "contents" in app.permissions:
        yield facts.SettingFinding(
            level="gap",
            text=f"the App {app.name!r} can change workflows on branches (`workflows: write`)"
            f"{where}",
            fix="take the right away: people merge changes of workflows",
        )
    missing = list(_missing(app.permissions.items())) if gates else []
    if missing:
        yield facts.SettingFinding(
            level="stop",
            text=f"the gate's App {app.name!r} lacks {', '.join(missing)}",
            fix="add it in the App's settings, and accept it where the App is installed",
        )
    elif gates:
        yield facts.SettingFinding(
            level="ok", text=f"the gate's App {app.name!r} has the rights it needs"
        )


def _missing(given: Iterable[tuple[str, str]]) -> Iterator[str]:
    held = {name.replace("_", "-"): level for name, level in given}
    for right in GATE_RIGHTS:
        needed = right.held_by == "token" and not right.permission.startswith(("members", "merge"))
        level = held.get(right.permission, "")
        if needed and level not in {"write", right.level}:
            yield f"`{right.permission}: {right.level}`"


def _runs(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    actions = settings.actions
    if isinstance(actions, facts.Unreadable):
        yield facts.unread("what the job's token may do by default", actions)
    elif actions.writes_by_default:
        yield facts.SettingFinding(
            level="gap" if ACTIONS_APP in gate_apps(settings) else "note",
            text="the job's token may write by default, in every workflow without `permissions`",
            fix="Settings → Actions → General → Workflow permissions: read",
        )
    if not isinstance(actions, facts.Unreadable) and actions.approves:
        yield facts.SettingFinding(
            level="note",
            text="workflows may approve pull requests; the gate does not count approvals of bots,"
            " a ruleset's number of approvals does",
        )
    yield from _forks(settings)


def _forks(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    forks = settings.forks
    if isinstance(forks, facts.Unreadable):
        yield facts.unread("what runs for forks get", forks)
        return
    given = [
        words
        for words, there in (
            ("a token that writes", forks.write_tokens),
            ("secrets", forks.secrets),
        )
        if there
    ]
    if given:
        yield facts.SettingFinding(
            level="gap",
            text=f"runs for pull requests of forks get {' and '.join(given)}",
            fix="Settings → Actions → General → Fork pull request workflows: switch it off",
        )
