"""GitHub's settings by values: owners of files, who passes rules, and what is not known."""

from __future__ import annotations

import pytest

from gitops_action.core.config import load_config
from gitops_action.core.outcome import plain
from gitops_action.core.repository_settings.check import check_settings, headline, lines
from gitops_action.core.repository_settings.codeowners import owners
from gitops_action.core.repository_settings.facts import (
    BranchRule,
    BypassActor,
    BypassMode,
    GitHubEnvironment,
    Level,
    RepositorySettings,
    Ruleset,
    SettingFinding,
    StatusCheck,
    Unreadable,
)

CONFIG = load_config(
    ".github/gitops.yaml",
    b"version: 1\nenvironments:\n  staging: {path: s, merge: auto, deploy: {engine: push}}\n",
)
GATE = StatusCheck(context="gitops/ready", app=7)
READY = BranchRule(kind="required_status_checks", ruleset=1, checks=(GATE,))


def settings(
    *rules: BranchRule, bypass: tuple[BypassActor, ...] | Unreadable = (), **given: object
) -> RepositorySettings:
    return RepositorySettings(
        repository="acme/environment",
        branch="main",
        rules={"default": (READY, *rules)},
        rulesets={1: Ruleset(number=1, name="ready", bypass=bypass)},
        **given,  # type: ignore[arg-type]  # checked by its use
    )


def texts(found: RepositorySettings, level: Level) -> list[str]:
    return [item.text for item in check_settings(found, CONFIG) if item.level == level]


@pytest.mark.parametrize(
    ("text", "path", "owner"),
    [
        ("* @a", "x/y.yaml", "@a"),
        ("/.github/ @a", ".github/workflows/gate.yml", "@a"),
        ("/.github/* @a", ".github/workflows/gate.yml", ""),
        ("/.github/* @a", ".github/gitops.yaml", "@a"),
        ("docs/* @a", "docs/b/c.md", ""),
        ("docs/ @a", "x/docs/c.md", "@a"),
        ("/docs/ @a", "x/docs/c.md", ""),
        ("**/holds/ @a", ".github/gitops/holds/x.yaml", "@a"),
        ("* @a\n/.github/gitops/holds/", ".github/gitops/holds/x.yaml", ""),
        ("* @a\n*.yaml @b", "x.yaml", "@b"),
        ("# * @a", "x.yaml", ""),
        ("", "x.yaml", ""),
    ],
)
def test_the_last_line_that_matches_names_the_owners(text: str, path: str, owner: str) -> None:
    assert " ".join(owners(text, path)) == owner


@pytest.mark.parametrize(
    ("kind", "number", "mode", "level"),
    [
        ("OrganizationAdmin", 1, "pull_request", "note"),
        ("RepositoryRole", 5, "pull_request", "note"),
        ("RepositoryRole", 99, "pull_request", "note"),
        ("Team", 3, "pull_request", "note"),
        ("RepositoryRole", 4, "pull_request", "gap"),
        ("RepositoryRole", 2, "pull_request", "gap"),
        ("Integration", 7, "pull_request", "gap"),
        ("Team", 3, "always", "gap"),
        ("OrganizationAdmin", 1, "exempt", "gap"),
        ("DeployKey", 0, "always", "gap"),
    ],
)
def test_only_named_people_may_pass_and_only_by_a_pull_request(
    kind: str, number: int, mode: BypassMode, level: Level
) -> None:
    actor = BypassActor(kind=kind, number=number, mode=mode)
    assert any(str(actor) in text for text in texts(settings(bypass=(actor,)), level))


def test_a_rule_that_is_not_known_is_unknown() -> None:
    found = texts(settings(BranchRule(kind="teleport", ruleset=1)), "unknown")
    assert found == [
        "the ruleset 'ready' has the rule `teleport`, which this version does not know"
    ]


def test_the_merge_queue_writes_its_branches() -> None:
    queue = BranchRule(kind="merge_queue", ruleset=1)
    update = BranchRule(kind="update", ruleset=2)
    given = settings(queue)
    rules = {**given.rules, "queue": (update,)}
    stopped = RepositorySettings(repository="a/b", branch="main", rules=rules)
    assert any("the merge queue's branches" in text for text in texts(stopped, "stop"))
    without = RepositorySettings(
        repository="a/b", branch="main", rules={"default": (READY,), "queue": (update,)}
    )
    assert not any("queue" in text for text in texts(without, "stop"))


def test_every_protected_branch_is_more_than_one() -> None:
    key = GitHubEnvironment(name="gitops", protected=True)
    found = texts(settings(environments={"gitops": key}), "note")
    assert "every protected branch may use the GitHub environment `gitops`" in found


def test_a_tag_is_no_branch() -> None:
    key = GitHubEnvironment(name="gitops", patterns=("main", "tag main"))
    found = texts(settings(environments={"gitops": key}), "gap")
    assert any("a workflow on `tag main`" in text for text in found)


def test_one_pinned_rule_is_enough_where_another_is_not() -> None:
    loose = BranchRule(
        kind="required_status_checks", ruleset=2, checks=(StatusCheck(context="gitops/ready"),)
    )
    assert "`gitops/ready` of the App 7 is required on main" in texts(settings(loose), "ok")


def test_what_matters_most_comes_first_with_its_fix() -> None:
    given = settings(bypass=Unreadable(permission="administration: write", reason="hidden"))
    found = check_settings(given, CONFIG)
    assert [item.level for item in found] == sorted(
        (item.level for item in found), key=("gap", "stop", "unknown", "note", "ok").index
    )
    shown = [plain(line) for line in lines(found)]
    assert shown[1] == "Goes around the gate"
    assert "  who may bypass the ruleset 'ready': hidden" in shown
    assert "    Fix: give a token with `administration: write`" in shown


def test_the_headline_counts() -> None:
    found = (SettingFinding(level="gap", text="a"), SettingFinding(level="stop", text="b"))
    assert headline(settings(), found) == (
        "acme/environment, branch main: 1 way around the gate, 1 rule that stops it, 0 unknown,"
        " 0 right"
    )
