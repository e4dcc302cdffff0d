"""Reads what GitHub has set for a repository: rules, environments, Apps, what runs get.

What the token may not read becomes `Unreadable`; the repository and its rules must be readable.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, cast, get_args

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.pull_requests import MergeMethod
from gitops_action.core.repository import CODEOWNERS
from gitops_action.core.repository_settings import facts
from gitops_action.errors import GitOpsError

_PAGE = 100
_MOST_PAGES = 10
_ROLES = ("admin", "maintain", "push", "triage", "pull")
_ADMINISTRATION = "administration: read"
_BYPASS = facts.Unreadable(
    permission="administration: write",
    reason="GitHub shows it to those who may change the ruleset",
)
T = TypeVar("T")


class GitHubRepositorySettings:
    """The settings of one repository."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository

    def read(self, branch: str | None) -> facts.RepositorySettings:
        """Everything that the token may read; the default branch where none is named.

        Raises:
            GitOpsError: the repository or its rules cannot be read.
        """
        about = Reply(self._get("metadata: read"), "repository")
        name = branch or about.text("default_branch")
        samples = {kind: text.format(default=name) for kind, text in facts.SAMPLES.items()}
        rules = {kind: self._rules(text) for kind, text in {"default": name, **samples}.items()}
        private = about.flag("private")
        return facts.RepositorySettings(
            repository=self._repository,
            branch=name,
            private=private,
            role=next((role for role in _ROLES if about.at("permissions").flag(role)), ""),
            server_version=self._or_unreadable(self._server_version, "metadata: read"),
            methods=_methods(about),
            rules=cast("Mapping[facts.SampleBranch, tuple[facts.BranchRule, ...]]", rules),
            rulesets=self._rulesets({rule.ruleset for found in rules.values() for rule in found}),
            protection=self._or_unreadable(lambda: self._protection(name), _ADMINISTRATION),
            codeowners=self._or_unreadable(lambda: self._codeowners(name), "contents: read"),
            codeowners_errors=self._or_unreadable(
                lambda: self._owners_errors(name), "contents: read"
            ),
            environments=self._or_unreadable(self._environments, "actions: read"),
            secrets=self._or_unreadable(lambda: self._secrets("actions"), "secrets: read"),
            actions=self._or_unreadable(self._actions, _ADMINISTRATION),
            forks=self._or_unreadable(self._forks, _ADMINISTRATION)
            if private
            else facts.ForkRuns(),
            apps=self._or_unreadable(
                lambda: self._apps(about), "organization administration: read"
            ),
        )

    def _or_unreadable(self, read: Callable[[], T], permission: str) -> T | facts.Unreadable:
        try:
            return read()
        except GitOpsError as error:
            return facts.Unreadable(permission=permission, reason=error.cause or error.title)

    def _server_version(self) -> str:
        """What `/meta` names on GitHub Enterprise Server alone."""
        found = self._client.reading(
            lambda: self._client.rest("GET", "/meta"), self._purpose("metadata: read")
        )
        return Reply(found, "server").text("installed_version")

    # Rules

    def _rules(self, branch: str) -> tuple[facts.BranchRule, ...]:
        found = self._every("metadata: read", "rules", "branches", branch)
        return tuple(_rule(item) for item in found)

    def _rulesets(self, used: set[int]) -> Mapping[int, facts.Ruleset]:
        """All of the repository, and those of above that are in force for it."""
        listed = self._every("metadata: read", "rulesets", query={"includes_parents": "true"})
        numbers = used | {item.number("id") for item in listed if _of_branches(item)}
        return {number: self._ruleset(number) for number in sorted(numbers)}

    def _ruleset(self, number: int) -> facts.Ruleset:
        try:
            found = Reply(self._get("metadata: read", "rulesets", str(number)), "ruleset")
        except GitOpsError as error:
            unread = facts.Unreadable(
                permission=_BYPASS.permission, reason=error.cause or error.title
            )
            return facts.Ruleset(number=number, name=str(number), bypass=unread)
        shown = found.has("bypass_actors")
        return facts.Ruleset(
            number=number,
            name=found.text("name"),
            active=found.text("enforcement") == "active",
            bypass=tuple(_actor(item) for item in found.each("bypass_actors"))
            if shown
            else _BYPASS,
        )

    def _protection(self, branch: str) -> facts.BranchProtection | None:
        about = Reply(self._get("contents: read", "branches", branch), "branch")
        if not about.at("protection").flag("enabled"):
            return None
        answer = self._get(_ADMINISTRATION, "branches", branch, "protection")
        found = Reply(answer, "protection")
        return facts.BranchProtection(
            rules=tuple(_classic(found)),
            binds_administrators=found.at("enforce_admins").flag("enabled"),
        )

    # Files

    def _codeowners(self, branch: str) -> str | None:
        for path in CODEOWNERS:
            text = self._file(path, branch)
            if text is not None:
                return text
        return None

    def _file(self, path: str, branch: str) -> str | None:
        """A file's text; None where it is missing."""
        place = f"{self._client.path(self._repository, 'contents')}/{path}"
        answer = self._client.found(place, self._purpose("contents: read"), {"ref": branch})
        return None if answer is None else _decoded(Reply(answer, "file").text("content"))

    def _owners_errors(self, branch: str) -> tuple[str, ...]:
        query = {"ref": branch}
        answer = Reply(self._get("contents: read", "codeowners", "errors", query=query), "errors")
        return tuple(
            f"{item.text('path')}:{item.number('line')}: {item.text('kind')}"
            for item in answer.each("errors")
        )

    # Environments and secrets

    def _environments(self) -> Mapping[str, facts.GitHubEnvironment]:
        query = {"per_page": _PAGE}
        answer = Reply(self._get("actions: read", "environments", query=query), "environments")
        found = (self._environment(item) for item in answer.each("environments"))
        return {item.name: item for item in found}

    def _environment(self, item: Reply) -> facts.GitHubEnvironment:
        name = item.text("name")
        policy = item.at("deployment_branch_policy")
        kinds = {rule.text("type") for rule in item.each("protection_rules")}
        patterns: tuple[str, ...] | facts.Unreadable | None = None
        if policy.flag("custom_branch_policies"):
            patterns = self._or_unreadable(lambda: self._patterns(name), "actions: read")
        return facts.GitHubEnvironment(
            name=name,
            patterns=patterns,
            protected=policy.flag("protected_branches"),
            attended=bool(kinds - {"branch_policy"}),
            secrets=self._or_unreadable(
                lambda: self._secrets("environments", name), "environments: read"
            ),
        )

    def _patterns(self, name: str) -> tuple[str, ...]:
        parts = ("environments", name, "deployment-branch-policies")
        answer = self._get("actions: read", *parts, query={"per_page": _PAGE})
        found = Reply(answer, "policies").each("branch_policies")
        return tuple(
            f"tag {item.text('name')}" if item.text("type") == "tag" else item.text("name")
            for item in found
        )

    def _secrets(self, *parts: str) -> frozenset[str]:
        permission = "environments: read" if parts[1:] else "secrets: read"
        answer = self._get(permission, *parts, "secrets", query={"per_page": _PAGE})
        return frozenset(item.text("name") for item in Reply(answer, "secrets").each("secrets"))

    # Runs and Apps

    def _actions(self) -> facts.ActionsSettings:
        answer = self._get(_ADMINISTRATION, "actions", "permissions", "workflow")
        found = Reply(answer, "workflow permissions")
        return facts.ActionsSettings(
            writes_by_default=found.text("default_workflow_permissions") == "write",
            approves=found.flag("can_approve_pull_request_reviews"),
        )

    def _forks(self) -> facts.ForkRuns:
        parts = ("actions", "permissions", "fork-pr-workflows-private-repos")
        found = Reply(self._get(_ADMINISTRATION, *parts), "fork policy")
        return facts.ForkRuns(
            write_tokens=found.flag("send_write_tokens_to_workflows"),
            secrets=found.flag("send_secrets_and_variables"),
        )

    def _apps(self, about: Reply) -> tuple[facts.InstalledApp, ...]:
        owner = about.at("owner")
        if owner.text("type") != "Organization":
            raise GitOpsError(
                "the Apps cannot be read",
                cause=f"GitHub lists the Apps of an organisation alone; see those of"
                f" {owner.text('login')} under Settings → Applications",
            )
        purpose = self._purpose("organization administration: read")
        path, query = f"/orgs/{owner.text('login')}/installations", {"per_page": _PAGE}
        answer = self._client.reading(lambda: self._client.rest("GET", path, query=query), purpose)
        return tuple(_app(item) for item in Reply(answer, "Apps").each("installations"))

    # Requests

    def _purpose(self, permission: str) -> Purpose:
        return Purpose(
            operation="read the settings", permission=permission, repository=self._repository
        )

    def _get(
        self, permission: str, *parts: str, query: Mapping[str, object] | None = None
    ) -> object:
        path = self._client.path(self._repository, *parts)
        return self._client.reading(
            lambda: self._client.rest("GET", path, query=query), self._purpose(permission)
        )

    def _every(
        self, permission: str, *parts: str, query: Mapping[str, object] | None = None
    ) -> tuple[Reply, ...]:
        found: list[Reply] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {**(query or {}), "per_page": _PAGE, "page": page}
            listed = replies(self._get(permission, *parts, query=asked))
            found += listed
            if len(listed) < _PAGE:
                return tuple(found)
        raise GitOpsError(f"{self._repository} has too many {parts[0]} to read")


def _methods(about: Reply) -> frozenset[MergeMethod]:
    names = {"merge": "allow_merge_commit", "squash": "allow_squash_merge",
             "rebase": "allow_rebase_merge"}  # fmt: skip
    known = [name for name, key in names.items() if about.has(key)]
    allowed = [name for name in known if about.flag(names[name])]
    return frozenset(cast("list[MergeMethod]", allowed or list(names)))


def _of_branches(item: Reply) -> bool:
    return item.text("target") in {"", "branch"}


def _rule(item: Reply) -> facts.BranchRule:
    given = item.at("parameters")
    return facts.BranchRule(
        kind=item.text("type"),
        ruleset=item.number("ruleset_id"),
        checks=tuple(
            facts.StatusCheck(context=one.text("context"), app=one.number("integration_id") or None)
            for one in given.each("required_status_checks")
        ),
        reviews=given.number("required_approving_review_count"),
        code_owners=given.flag("require_code_owner_review"),
        dismiss_stale=given.flag("dismiss_stale_reviews_on_push"),
        last_push=given.flag("require_last_push_approval"),
        methods=frozenset(given.texts("allowed_merge_methods")),
    )


def _classic(found: Reply) -> Iterator[facts.BranchRule]:
    """A branch protection in the words of rulesets; -1 is any App."""
    if found.has("required_status_checks"):
        checks = tuple(
            facts.StatusCheck(context=one.text("context"), app=max(one.number("app_id"), 0) or None)
            for one in found.at("required_status_checks").each("checks")
        )
        yield facts.BranchRule(kind="required_status_checks", checks=checks)
    if found.has("required_pull_request_reviews"):
        reviews = found.at("required_pull_request_reviews")
        yield facts.BranchRule(
            kind="pull_request",
            reviews=reviews.number("required_approving_review_count"),
            code_owners=reviews.flag("require_code_owner_reviews"),
            dismiss_stale=reviews.flag("dismiss_stale_reviews"),
            last_push=reviews.flag("require_last_push_approval"),
        )
    if found.at("required_linear_history").flag("enabled"):
        yield facts.BranchRule(kind="required_linear_history")
    if found.has("restrictions"):
        yield facts.BranchRule(kind="update")


def _actor(item: Reply) -> facts.BypassActor:
    mode = item.text("bypass_mode")
    return facts.BypassActor(
        kind=item.text("actor_type"),
        number=item.number("actor_id"),
        mode=cast("facts.BypassMode", mode) if mode in get_args(facts.BypassMode) else "always",
    )


def _app(item: Reply) -> facts.InstalledApp:
    given = item.anything("permissions")
    rights = given if isinstance(given, Mapping) else {}
    return facts.InstalledApp(
        number=item.number("app_id"),
        name=item.text("app_slug"),
        permissions={str(name): str(level) for name, level in rights.items()},
        everywhere=item.text("repository_selection") == "all",
    )


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise GitOpsError("the file cannot be read", cause="its content is not base64") from None
