"""Records deployments on GitHub: one Deployment for each environment and run.

Before any cluster is touched the Deployment stands there as queued; whatever happens then, the next
run sees that something was begun. A new attempt of a run makes a Deployment of its own; the one
before stays as it ended, or counts as one whose end could not be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gitops_action.commands.deploy.application_status import Deployed, tell_sources
from gitops_action.commands.deploy.ports import Deployments
from gitops_action.commands.ports import Registry
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Application, Environment
from gitops_action.core.deploy.pending import Recorded
from gitops_action.core.deploy.result import EnvironmentResult, Result
from gitops_action.core.deployments.payload import Content, applications_of, write_payload
from gitops_action.core.deployments.records import (
    DeploymentFacts,
    DeploymentState,
    DeploymentStatus,
    NewDeployment,
    adoption,
    content_of,
    deployment_state,
    described,
    is_jobs_own,
    recorded_of,
)
from gitops_action.core.outcome import Job
from gitops_action.errors import GitOpsError

_LOOKED_THROUGH = 15
"""How many Deployments of an environment are looked through for one of ours."""


@dataclass(frozen=True, kw_only=True)
class RecordPorts:
    """What recording talks to.

    Attributes:
        deployments: of the environment repository.
        sources: commit statuses of the application repositories; None where nobody is told.
        registry: knows which commit an image was built from; None where it is not asked.
        job: the job that deploys.
        environment_url: where the environment can be visited; empty where nobody said.
    """

    deployments: Deployments
    sources: Deployments | None = None
    registry: Registry | None = None
    job: Job = field(default_factory=Job)
    environment_url: str = ""


class Recorder:
    """The environment repository's Deployments."""

    def __init__(self, ports: RecordPorts) -> None:
        """Nothing is asked yet."""
        self._ports = ports
        self._before: dict[str, DeploymentFacts | None] = {}

    def recorded(self, environment: str) -> Recorded | None:
        """What was deployed last; None where nothing ever was.

        Raises:
            GitOpsError: GitHub could not be asked.
        """
        found = self._newest_of_ours(environment)
        return recorded_of(found) if found is not None else None

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
    ) -> Record:
        """Say that a deployment is about to begin; no cluster was touched yet.

        The Deployment that GitHub made for this very job (an `environment:` without
        `deployment: false`) is taken instead of a second one.

        Raises:
            DeniedError: the token may not write Deployments.
            GitOpsError: it could not be recorded: then nothing may be deployed either, as the next
                run would not know of it.
        """
        images = applications_of(rendering.manifests, applications)
        before = self._newest_of_ours(environment.name)
        facts = self._jobs_own(environment.name, commit)
        hint = adoption(rendering.hash) if facts is not None else ""
        if facts is None:
            facts = self._ports.deployments.create(
                self._new(environment, rendering, commit, images)
            )
        record = Record(
            ports=self._ports,
            number=facts.number,
            environment=environment.name,
            images=tuple(text for each in images.values() for text in each),
            applications=tuple(applications),
            replaces=_standing(before),
        )
        record.say("queued", hint or "waiting for the cluster")
        return record

    def _new(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        images: Mapping[str, tuple[str, ...]],
    ) -> NewDeployment:
        job = self._ports.job
        key = f"{job.run_id}/{job.run_attempt}/{environment.name}" if job.run_id else ""
        content = Content(
            environment=environment.name,
            commit=commit,
            hash=rendering.hash,
            key=key,
            run_url=job.run_url,
            targets=tuple(target.name for target in environment.deploy.targets),
            applications=images,
        )
        return NewDeployment(
            environment=environment.name,
            commit=commit,
            description=f"gitops-action deploys {commit[:12]}",
            payload=write_payload(content),
            key=key,
        )

    def _newest_of_ours(self, environment: str) -> DeploymentFacts | None:
        if environment not in self._before:
            self._before[environment] = self._look_back(environment)
        return self._before[environment]

    def _look_back(self, environment: str) -> DeploymentFacts | None:
        for facts in self._ports.deployments.newest(environment, limit=_LOOKED_THROUGH):
            found = self._with_statuses(facts)
            if content_of(found) is not None:
                return found
        return None

    def _jobs_own(self, environment: str, commit: str) -> DeploymentFacts | None:
        page = self._ports.job.run_url
        if not page:
            return None
        for facts in self._ports.deployments.newest(environment, limit=3):
            if facts.commit == commit and not content_of(facts):
                found = self._with_statuses(facts)
                if is_jobs_own(found, commit=commit, run_url=page):
                    return found
        return None

    def _with_statuses(self, facts: DeploymentFacts) -> DeploymentFacts:
        return replace(facts, statuses=self._ports.deployments.statuses(facts.number))


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of one deployment.

    Attributes:
        number: the Deployment's.
        environment: its name.
        images: what runs afterwards, as rendered.
        applications: as they are declared.
        replaces: the Deployment that stands as a success until this one is; 0 for none.
    """

    ports: RecordPorts
    number: int | None
    environment: str
    images: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    replaces: int = 0

    def in_progress(self) -> None:
        """Say that the cluster is being written to, or waited for."""
        with suppress(GitOpsError):  # the next status says more
            self.say("in_progress", "applying, and waiting until everything is healthy")

    def finish(self, result: EnvironmentResult) -> tuple[str, ...]:
        """Say how it ended; gives notes. A record that fails does not undo a deployment."""
        notes: list[str] = []
        try:
            self.say(deployment_state(result.result), described(result))
        except GitOpsError as error:
            notes.append(
                f"how it ended could not be recorded ({error}); until it is, this environment"
                " counts as one whose state is not known, and is deployed again"
            )
        if result.result is Result.SUCCEEDED:
            self._replace()
        if result.result in {Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN}:
            notes += self._tell_sources(result)
        return tuple(notes)

    def _tell_sources(self, result: EnvironmentResult) -> tuple[str, ...]:
        ports = self.ports
        if ports.sources is None:
            return ()
        deployed = Deployed(
            images=self.images, applications=self.applications, job=ports.job, result=result
        )
        return tell_sources(ports.sources, ports.registry, deployed)

    def _replace(self) -> None:
        """GitHub shows one active Deployment; the one before stays known as verified."""
        if self.replaces and self.replaces != self.number:
            with suppress(GitOpsError):  # only a page would show two as active
                inactive = DeploymentStatus(state="inactive", description="superseded")
                self.ports.deployments.set_status(self.replaces, inactive)

    def say(self, state: DeploymentState, description: str) -> None:
        """Add a status.

        Raises:
            GitOpsError: GitHub did not take it.
        """
        if self.number is None:
            return
        status = DeploymentStatus(
            state=state,
            description=description,
            log_url=self.ports.job.run_url,
            environment_url=self.ports.environment_url,
        )
        self.ports.deployments.set_status(self.number, status)


def _standing(facts: DeploymentFacts | None) -> int:
    succeeded = facts is not None and facts.statuses and facts.statuses[0].state == "success"
    return facts.number if facts is not None and succeeded else 0


# Records nothing: on a terminal without a token, and in dry runs.


class NoRecord:
    """The record of a deployment that nobody keeps."""

    number: int | None = None

    def in_progress(self) -> None:
        """Say nothing."""

    def finish(self, result: EnvironmentResult) -> tuple[str, ...]:
        """Say nothing, and say so."""
        del result
        return ("the deployment was not recorded on GitHub, since there is no token",)


class NoRecorder:
    """Knows of no deployment, keeps none."""

    def recorded(self, environment: str) -> Recorded | None:
        """Nothing is known."""
        del environment
        return None

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
    ) -> NoRecord:
        """Begin without a word."""
        del environment, rendering, commit, applications
        return NoRecord()
