"""What commands need of GitHub's Deployments and commit statuses, as protocols."""

from __future__ import annotations

from typing import Protocol

from gitops_action.core.deployments.model import (
    CommitStatus,
    DeploymentFacts,
    DeploymentStatus,
    NewDeployment,
)


class Deployments(Protocol):
    """The Deployments of the environment repository, and commit statuses anywhere.

    Every method may raise a GitOpsError; DeniedError where the token lacks the right.
    """

    def newest(self, environment: str, *, limit: int = 30) -> tuple[DeploymentFacts, ...]:
        """The environment's newest Deployments, newest first; their statuses are not read."""
        ...

    def statuses(self, deployment: int) -> tuple[DeploymentStatus, ...]:
        """A Deployment's statuses, newest first."""
        ...

    def create(self, deployment: NewDeployment) -> DeploymentFacts:
        """Record that a deployment begins; one that a cut-off earlier try made is found again."""
        ...

    def set_status(self, deployment: int, status: DeploymentStatus) -> None:
        """Say how it goes on."""
        ...

    def commit_status(self, repository: str, commit: str, status: CommitStatus) -> None:
        """Set a status on a commit of any repository."""
        ...

    def commit_statuses(self, repository: str, commit: str) -> tuple[CommitStatus, ...]:
        """The newest status of each context on a commit; of at most 100 contexts."""
        ...
