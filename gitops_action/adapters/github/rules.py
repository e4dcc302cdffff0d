"""Statuses that a branch requires, by rulesets and by classic protection."""

from __future__ import annotations

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.failures import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.errors import GitOpsError


def required_statuses(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    """Return the contexts; what the token may not see counts as not required."""
    return _by_rulesets(client, repository, branch) | _by_protection(client, repository, branch)


def _by_rulesets(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    found: set[str] = set()
    for rule in replies(_get(client, repository, "rules", "branches", branch)):
        if rule.text("type") == "required_status_checks":
            checks = rule.at("parameters").each("required_status_checks")
            found.update(check.text("context") for check in checks)
    return frozenset(found)


def _by_protection(client: GitHubClient, repository: str, branch: str) -> frozenset[str]:
    answer = Reply(_get(client, repository, "branches", branch))
    return frozenset(answer.at("protection", "required_status_checks").texts("contexts"))


def _get(client: GitHubClient, repository: str, *parts: str) -> object:
    purpose = Purpose(doing="read rules", permission="metadata: read", repository=repository)
    path = client.path(repository, *parts)
    try:
        return client.reading(lambda: client.rest("GET", path), purpose)
    except GitOpsError:
        return None
