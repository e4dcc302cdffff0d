"""Environments of a repository: which refs may use them, and the secrets that are theirs.

In a test:

    repository.environment("gitops-gate", branches=("main",), secrets={"KEY": "…"})
    repository.job_secrets("gitops-gate", "refs/heads/main")   # what a job would see
    repository.job_secrets("gitops-gate", "refs/pull/7/merge") # EnvironmentRefusedError

The ref that executes is judged: a pull request's run is on `refs/pull/N/merge`, never on the base.
Private repositories of the free plan have no environments (`repository.repository.plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from testbed.forge.model import Repository
from testbed.forge.rulesets import matches

NAME_LIMIT = 255


class EnvironmentRefusedError(Exception):
    """A job may not use an environment; its text is GitHub's."""


@dataclass(kw_only=True)
class Environment:
    """An environment. `branches` None: every ref; `protected` lets only protected ones in."""

    id: int
    name: str
    created_at: datetime
    branches: tuple[str, ...] | None = None
    protected: bool = False
    secrets: dict[str, str] = field(default_factory=dict)
    reviewers: tuple[str, ...] = ()
    wait_minutes: int = 0

    def lets_in(self, repository: Repository, ref: str) -> bool:
        """Return whether a job on this ref may use it."""
        branch = ref.removeprefix("refs/heads/")
        if self.protected:
            return branch != ref and bool(repository.protected_by(branch))
        if self.branches is None:
            return True
        return branch != ref and any(matches(pattern, branch) for pattern in self.branches)


def add(repository: Repository, environment: Environment) -> Environment:
    """Make an environment.

    Raises:
        EnvironmentRefusedError: not in this plan for private repositories, or a bad name.
    """
    if repository.private and repository.plan == "free":
        raise EnvironmentRefusedError("Private repositories need GitHub Pro or Team for it")
    if repository.private and repository.plan == "team" and _enterprise(environment):
        raise EnvironmentRefusedError("Reviewers and wait timers need GitHub Enterprise here")
    if not environment.name or len(environment.name) > NAME_LIMIT:
        raise EnvironmentRefusedError("The name has 1 to 255 characters")
    repository.environments[environment.name.lower()] = environment
    return environment


def _enterprise(environment: Environment) -> bool:
    return bool(environment.reviewers or environment.wait_minutes)


def secrets(repository: Repository, name: str, ref: str) -> Mapping[str, str]:
    """Return what a job sees: the repository's secrets, and those of its environment over them.

    Raises:
        EnvironmentRefusedError: the environment does not let this ref in.
    """
    found = repository.environments.get(name.lower()) if name else None
    if found is None:
        return dict(repository.secrets)
    if not found.lets_in(repository, ref):
        short = ref.removeprefix("refs/heads/")
        raise EnvironmentRefusedError(
            f'Branch "{short}" is not allowed to deploy to {found.name} due to environment '
            "protection rules."
        )
    return {**repository.secrets, **found.secrets}
