"""What `deploy` needs from the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.target import DeployClock, Engine, SchemasOf, Teller
from gitops_action.commands.ports import DeployTrees, Renderer
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Application, Environment, Target, Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.pending import NewestRecord
from gitops_action.core.deploy.result import EnvironmentResult
from gitops_action.core.deployments.records import (
    CommitStatus,
    DeploymentFacts,
    DeploymentStatus,
    NewDeployment,
)
from gitops_action.core.outcome import Job
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.report.deployment import DeploymentReport


class Clusters(Protocol):
    """The clusters that the inputs lead to."""

    def connect(self, target: Target, *, alone: bool) -> Cluster:
        """The cluster of a target; `alone` when it is the environment's only one.

        Raises:
            UsageError: the inputs do not lead to it.
        """
        ...


class Keeping(Protocol):
    """The record of one deployment, being written."""

    @property
    def number(self) -> int | None:
        """The GitHub Deployment's; None where nothing is recorded."""
        ...

    def in_progress(self) -> None:
        """Say that the cluster is being written to."""
        ...

    def finish(self, result: EnvironmentResult) -> tuple[str, ...]:
        """Say how it ended; gives notes."""
        ...


class Records(Protocol):
    """What was deployed, and what is."""

    def recorded(self, environment: str, formerly: Sequence[str] = ()) -> NewestRecord | None:
        """What was deployed last, under its name or else an earlier one; None: nothing ever was.

        Raises:
            GitOpsError: it could not be asked.
        """
        ...

    def goes_back_to(
        self, rendering: EnvironmentRendering, *, applications: Sequence[Application] = ()
    ) -> str:
        """The commit of an earlier success whose content or images come back; empty for none.

        Raises:
            GitOpsError: it could not be asked.
        """
        ...

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
        destroys: bool = False,
    ) -> Keeping:
        """Say that a deployment, or a destruction, is about to begin; no cluster was touched yet.

        Raises:
            GitOpsError: it could not be recorded: then nothing may be deployed either.
        """
        ...


class DeploymentTexts(Protocol):
    """Words about a deployment."""

    def summary(self, report: DeploymentReport) -> str:
        """The job summary."""
        ...


class NoTexts:
    """Implements `DeploymentTexts` where no job shows a summary: at a terminal."""

    def summary(self, report: DeploymentReport) -> str:
        """None: what a terminal shows are the lines."""
        del report
        return ""


@dataclass(frozen=True, kw_only=True)
class DeployPorts:
    """Everything that `deploy` talks to.

    Attributes:
        trees: the environment repository.
        renderer: renders by an environment repository's settings.
        clusters: the clusters.
        records: what was deployed.
        tellers: who shows the progress of a target: by environment and target, the latter empty
            where it is the only one.
        texts: the words of the summary.
        clock: the time.
        redactor: knows the secrets.
        branch: the base branch; empty where it is not known.
        job: where this runs.
        engines: by the name that a target has in the configuration.
        statuses: the newest status of each context on a commit of the environment repository, for
            targets whose cluster cannot be reached; None where GitHub is not asked.
        schemas: by which new objects are checked that are not all tried; None: all are tried.
    """

    trees: DeployTrees
    renderer: Callable[[Validation], Renderer]
    clusters: Clusters
    records: Records
    tellers: Callable[[str, str], Teller]
    texts: DeploymentTexts
    clock: DeployClock
    redactor: Redactor
    branch: str = ""
    job: Job = field(default_factory=Job)
    engines: Mapping[str, Engine] = field(default_factory=dict)
    statuses: Callable[[str], tuple[CommitStatus, ...]] | None = None
    schemas: SchemasOf | None = None


# What commands need of GitHub's Deployments and commit statuses, as protocols.


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
