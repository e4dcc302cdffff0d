"""What GitHub's API shows of a repository's settings, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import MergeMethod

BypassMode = Literal["always", "pull_request", "exempt"]
SampleBranch = Literal["default", "proposal", "queue", "other"]
"""Branches that stand for a group: the default one, our proposals, the merge queue's, people's."""

SAMPLES: Mapping[SampleBranch, str] = {
    "proposal": "gitops/environment/application",
    "queue": "gh-readonly-queue/{default}/pr-1-0000000",
    "other": "some-branch",
}
"""A name of each group; GitHub evaluates a ruleset's conditions for it."""

ADMIN_ROLE = 5
ROLES: Mapping[int, str] = {1: "read", 2: "maintain", 3: "triage", 4: "write", ADMIN_ROLE: "admin"}
"""Numbers of the built-in repository roles, as rulesets name them."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A setting that the token may not read."""

    permission: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class BypassActor:
    """Who may pass a ruleset: kind and number, as GitHub names them."""

    kind: str
    number: int
    mode: BypassMode

    @property
    def administrates(self) -> bool:
        """Whether only administrators are meant."""
        role = self.kind == "RepositoryRole" and self.number == ADMIN_ROLE
        return role or self.kind in {"OrganizationAdmin", "EnterpriseOwner"}

    def __str__(self) -> str:
        """In words."""
        if self.kind == "RepositoryRole":
            return f"the role {ROLES.get(self.number, str(self.number))!r}"
        names = {"Integration": "the App", "Team": "the team", "User": "the user"}
        if self.kind in names:
            return f"{names[self.kind]} {self.number}"
        every = {"DeployKey": "every deploy key", "OrganizationAdmin": "the organisation's owners"}
        return every.get(self.kind, self.kind)


@dataclass(frozen=True, kw_only=True)
class Ruleset:
    """A ruleset; `bypass` is shown to administrators alone."""

    number: int
    name: str
    active: bool = True
    bypass: tuple[BypassActor, ...] | Unreadable = ()


@dataclass(frozen=True, kw_only=True)
class StatusCheck:
    """A required status; None: of any App or person."""

    context: str
    app: int | None = None


@dataclass(frozen=True, kw_only=True)
class BranchRule:
    """A rule that is in force for a branch, of a ruleset or of a branch protection.

    Attributes:
        kind: as GitHub names rules.
        ruleset: the ruleset's number; 0 for the branch protection.
        checks: of `required_status_checks`.
        reviews, code_owners, dismiss_stale, last_push: of `pull_request`.
        methods: of `pull_request`, how it may be merged; empty: in any way.
    """

    kind: str
    ruleset: int = 0
    checks: tuple[StatusCheck, ...] = ()
    reviews: int = 0
    code_owners: bool = False
    dismiss_stale: bool = False
    last_push: bool = False
    methods: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class BranchProtection:
    """A classic branch protection of the default branch."""

    rules: tuple[BranchRule, ...]
    binds_administrators: bool


@dataclass(frozen=True, kw_only=True)
class GitHubEnvironment:
    """A GitHub environment.

    Attributes:
        patterns: branches and tags that may use it; None: all.
        protected: whether every protected branch may.
        attended: whether reviewers or a timer keep jobs waiting.
        secrets: the names of its secrets.
    """

    name: str
    patterns: tuple[str, ...] | Unreadable | None = None
    protected: bool = False
    attended: bool = False
    secrets: frozenset[str] | Unreadable = frozenset()


@dataclass(frozen=True, kw_only=True)
class InstalledApp:
    """An App that is installed in the organisation; `everywhere`: on all repositories."""

    number: int
    name: str
    permissions: Mapping[str, str]
    everywhere: bool


@dataclass(frozen=True, kw_only=True)
class ActionsSettings:
    """What workflow runs may do by default."""

    writes_by_default: bool
    approves: bool


@dataclass(frozen=True, kw_only=True)
class ForkRuns:
    """What runs for pull requests of a private repository's forks get."""

    write_tokens: bool = False
    secrets: bool = False


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """Everything that was read.

    Attributes:
        role: what the token may do in the repository, of a person's token; empty for an App's.
        server_version: of GitHub Enterprise Server; empty on github.com.
        methods: how pull requests may be merged.
        rules: those in force, by the group of branches.
        codeowners: the default branch's file; None where there is none.
        codeowners_errors: what GitHub finds wrong with it.
        secrets: names of the repository's own secrets.
        apps: those of the organisation; empty for a person's repository.
    """

    repository: str
    branch: str
    private: bool = True
    role: str = ""
    server_version: str | Unreadable = ""
    methods: frozenset[MergeMethod] = frozenset({"merge", "squash", "rebase"})
    rules: Mapping[SampleBranch, tuple[BranchRule, ...]] = field(default_factory=dict)
    rulesets: Mapping[int, Ruleset] = field(default_factory=dict)
    protection: BranchProtection | Unreadable | None = None
    codeowners: str | Unreadable | None = None
    codeowners_errors: tuple[str, ...] | Unreadable = ()
    environments: Mapping[str, GitHubEnvironment] | Unreadable = field(default_factory=dict)
    secrets: frozenset[str] | Unreadable = frozenset()
    actions: ActionsSettings | Unreadable = ActionsSettings(writes_by_default=False, approves=False)
    forks: ForkRuns | Unreadable = ForkRuns()
    apps: tuple[InstalledApp, ...] | Unreadable = ()

    def on(self, branch: SampleBranch, *kinds: str) -> Iterator[BranchRule]:
        """The rules in force for a group of branches, of these kinds or of all."""
        classic: tuple[BranchRule, ...] = ()
        if branch == "default" and isinstance(self.protection, BranchProtection):
            classic = self.protection.rules
        for rule in (*self.rules.get(branch, ()), *classic):
            if not kinds or rule.kind in kinds:
                yield rule

    def source(self, rule: BranchRule) -> str:
        """Where a rule is written, in words."""
        found = self.rulesets.get(rule.ruleset)
        return f"the ruleset {found.name!r}" if found else "the branch protection"

    def bypass(self, rule: BranchRule) -> tuple[BypassActor, ...] | Unreadable:
        """Who may pass a rule; administrators may pass a protection that does not bind them."""
        found = self.rulesets.get(rule.ruleset)
        if found:
            return found.bypass
        if isinstance(self.protection, BranchProtection) and self.protection.binds_administrators:
            return ()
        return (BypassActor(kind="RepositoryRole", number=ADMIN_ROLE, mode="always"),)


# What is found.

Level = Literal["gap", "stop", "unknown", "note", "ok"]
"""A way around the gate; what stops unattended work; not read; worth knowing; as it should be."""


@dataclass(frozen=True, kw_only=True)
class SettingFinding:
    """One statement about the settings, and how to correct it."""

    level: Level
    text: str
    fix: str = ""


def unread(what: str, setting: Unreadable) -> SettingFinding:
    """What could not be read is never passed."""
    return SettingFinding(
        level="unknown",
        text=f"{what}: {setting.reason}",
        fix=f"give a token with `{setting.permission}`",
    )
