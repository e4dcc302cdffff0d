"""Records deployments on GitHub: one Deployment for each environment and run.

Before any cluster is touched the Deployment stands there as queued; whatever happens then, the next
run sees that something was begun. A new attempt of a run makes a Deployment of its own; the one
before stays as it ended, or counts as one whose end could not be determined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from typing import Protocol

from gitops_action.commands.deploy.application_status import DeployedSource, tell_sources
from gitops_action.commands.deploy.ports import Deployments
from gitops_action.commands.ports import Registry
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Application, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.pending import NewestRecord, Verified
from gitops_action.core.deploy.result import EnvironmentResult, Result
from gitops_action.core.deployments import records
from gitops_action.core.deployments.artifact_record import ArtifactRecord, artifact_records
from gitops_action.core.deployments.payload import (
    RecordContent,
    audited_trailers,
    write_payload,
)
from gitops_action.core.outcome import Job
from gitops_action.errors import GitOpsError

_LOOKED_THROUGH = 15
"""How many Deployments of an environment are looked through for one of ours."""


_MOST_ARTIFACTS = 50
"""Images and clusters whose artifact metadata is written: each takes a request."""


class ArtifactMetadata(Protocol):
    """Artifact metadata of the organization."""

    def write(self, record: ArtifactRecord) -> None:
        """Record what runs, or no longer runs, in a cluster of an environment."""
        ...


@dataclass(frozen=True, kw_only=True)
class RecordPorts:
    """What recording talks to.

    Attributes:
        deployments: of the environment repository.
        sources: commit statuses of the application repositories; None where none are written.
        registry: knows which commit an image was built from; None where it is not asked.
        job: the job that deploys.
        environment_url: where the environment can be visited; empty where nobody said.
        artifacts: which image runs where; None where it is not recorded.
    """

    deployments: Deployments
    sources: Deployments | None = None
    registry: Registry | None = None
    job: Job = field(default_factory=Job)
    environment_url: str = ""
    artifacts: ArtifactMetadata | None = None


class Recorder:
    """The environment repository's Deployments."""

    def __init__(self, ports: RecordPorts) -> None:
        """Nothing is asked yet."""
        self._ports = ports
        self._listed: dict[str, tuple[records.DeploymentFacts, ...]] = {}
        self._statuses: dict[int, tuple[records.DeploymentStatus, ...]] = {}

    def recorded(self, environment: str, formerly: Sequence[str] = ()) -> NewestRecord | None:
        """What was deployed last; None where nothing ever was.

        Raises:
            GitOpsError: GitHub could not be asked.
        """
        return records.recorded_of(self._since_success(environment, *formerly))

    def goes_back_to(
        self, rendering: EnvironmentRendering, *, applications: Sequence[Application] = ()
    ) -> str:
        """The commit of an earlier success whose content or images come back; empty for none.

        Raises:
            GitOpsError: GitHub could not be asked.
        """
        environment = rendering.environment
        names = (environment.name, *environment.formerly)
        name = self._known_as(*names) if environment.formerly else environment.name
        images = rendering.applications(applications)
        now = RecordContent(environment=name, commit="", hash=rendering.hash, applications=images)
        for facts in records.returned_to(now, self._newest(name)):
            found = self._with_statuses(facts)
            content = records.content_of(found)
            if content is not None and records.was_verified(found):
                return content.commit
        return ""

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
        destroys: bool = False,
    ) -> Record:
        """Say that a deployment is about to begin; no cluster was touched yet.

        The Deployment that GitHub made for this very job (an `environment:` without
        `deployment: false`) is taken instead of a second one.

        Raises:
            DeniedError: the token may not write Deployments.
            GitOpsError: it could not be recorded: then nothing may be deployed either, as the next
                run would not know of it.
        """
        images = {} if destroys else rendering.applications(applications)
        before = self._since_success(environment.name, *environment.formerly)
        verified = records.verified_of(before)
        facts = None if destroys else self._jobs_own(environment.name, commit)
        hint = records.adoption(rendering.hash) if facts is not None else ""
        if facts is None:
            facts = self._ports.deployments.create(
                self._new(environment, rendering, commit, images, verified, destroys=destroys)
            )
        record = Record(
            ports=self._ports,
            number=facts.number,
            environment=environment.name,
            images=tuple(text for each in images.values() for text in each),
            applications=tuple(applications),
            replaces=tuple(
                one.number for one in before if records.content_of(one) and records.is_active(one)
            ),
            verified=verified,
            former=self._former(environment),
            url=self._ports.environment_url or environment.address(tuple(images)),
            destroys=destroys,
        )
        record.say("queued", hint or "waiting for the cluster")
        return record

    def _new(  # noqa: PLR0913 - everything that a record says
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        images: Mapping[str, tuple[str, ...]],
        verified: Verified | None,
        *,
        destroys: bool,
    ) -> records.NewDeployment:
        job = self._ports.job
        key = f"{job.run_id}/{job.run_attempt}/{environment.name}" if job.run_id else ""
        content = RecordContent(
            environment=environment.name,
            commit=commit,
            hash=rendering.hash,
            key=key,
            run_url=job.run_url,
            targets=tuple(target.name for target in environment.deploy.targets),
            applications=images,
            destroyed=destroys,
            trailers=audited_trailers(job, commit),
        )
        before = verified.applications if verified is not None else {}
        changes = records.changed_versions(before, images) or f"configuration of {commit[:12]}"
        return records.NewDeployment(
            environment=environment.name,
            commit=commit,
            description=f"destroys {environment.name}" if destroys else changes,
            payload=write_payload(content),
            key=key,
            production=environment.is_production,
        )

    def _newest(self, environment: str) -> tuple[records.DeploymentFacts, ...]:
        if environment not in self._listed:
            newest = self._ports.deployments.newest(environment, limit=_LOOKED_THROUGH)
            self._listed[environment] = newest
        return self._listed[environment]

    def _known_as(self, *names: str) -> str:
        """The first of these names that a Deployment of ours has; else the first one."""
        for name in names:
            if any(records.content_of(self._with_statuses(one)) for one in self._newest(name)):
                return name
        return names[0]

    def _since_success(self, *names: str) -> tuple[records.DeploymentFacts, ...]:
        """The newest Deployments with their statuses, as far back as the newest success.

        Args:
            names: of the environment, today's first: an earlier one counts until there is a
                Deployment under a later one.
        """
        found: list[records.DeploymentFacts] = []
        for facts in self._newest(self._known_as(*names) if names[1:] else names[0]):
            found.append(self._with_statuses(facts))
            if records.content_of(found[-1]) is not None and records.was_verified(found[-1]):
                break
        return tuple(found)

    def _former(self, environment: Environment) -> Mapping[str, Verified]:
        """By each earlier name of the environment the newest success; for artifact metadata."""
        if self._ports.artifacts is None:
            return {}
        found = (
            (name, records.verified_of(self._since_success(name))) for name in environment.formerly
        )
        return {name: verified for name, verified in found if verified is not None}

    def _jobs_own(self, environment: str, commit: str) -> records.DeploymentFacts | None:
        page = self._ports.job.run_url
        if not page:
            return None
        for facts in self._ports.deployments.newest(environment, limit=3):
            if facts.commit == commit and not records.content_of(facts):
                found = self._with_statuses(facts)
                if records.is_jobs_own(found, commit=commit, run_url=page):
                    return found
        return None

    def _with_statuses(self, facts: records.DeploymentFacts) -> records.DeploymentFacts:
        if facts.number not in self._statuses:
            self._statuses[facts.number] = self._ports.deployments.statuses(facts.number)
        return replace(facts, statuses=self._statuses[facts.number])


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of one deployment.

    Attributes:
        number: the Deployment's.
        environment: its name.
        images: what runs afterwards, as rendered.
        applications: as they are declared.
        replaces: Deployments that GitHub shows as active until this one is a success.
        verified: the newest success before it.
        former: by each earlier name of the environment its newest success.
        url: where the environment can be visited.
        destroys: the environment is taken down.
    """

    ports: RecordPorts
    number: int | None
    environment: str
    images: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    replaces: tuple[int, ...] = ()
    verified: Verified | None = None
    former: Mapping[str, Verified] = field(default_factory=dict)
    url: str = ""
    destroys: bool = False

    def in_progress(self) -> None:
        """Say that the cluster is being written to, or waited for."""
        with suppress(GitOpsError):  # the next status says more
            self.say("in_progress", "applying, and waiting until everything is healthy")

    def finish(self, result: EnvironmentResult) -> tuple[str, ...]:
        """Say how it ended; gives notes. A record that fails does not undo a deployment."""
        notes: list[str] = []
        try:
            self.say(
                records.deployment_state(result.result), records.recorded_as(result, self.verified)
            )
            if self.destroys and result.result is Result.SUCCEEDED:
                self.say("inactive", "destroyed")
        except GitOpsError as error:
            notes.append(
                f"how it ended could not be recorded ({error}); until it is, this environment"
                " counts as one whose state is not known, and is deployed again"
            )
        if result.result is Result.SUCCEEDED:
            self._replace()
            notes += self._record_artifacts(result)
        if result.result is Result.FAILED and self.verified is not None and not self.destroys:
            notes.append(records.way_back(self.environment, self.verified))
        if result.result in {Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN}:
            notes += self._tell_sources(result)
        return tuple(notes)

    def _record_artifacts(self, result: EnvironmentResult) -> Iterator[str]:
        """Write what runs, and what no longer does; gives a note where that fails."""
        if self.ports.artifacts is None:
            return
        found = tuple(self._artifacts([one.target for one in result.targets]))
        if len(found) > _MOST_ARTIFACTS:
            yield f"artifact metadata of {len(found) - _MOST_ARTIFACTS} images was not recorded"
        try:
            for one in found[:_MOST_ARTIFACTS]:
                self.ports.artifacts.write(one)
        except GitOpsError as error:
            yield f"artifact metadata could not be recorded: {error}"

    def _artifacts(self, clusters: Sequence[str]) -> Iterator[ArtifactRecord]:
        """The records of the environment, then those that its earlier names left.

        GitHub identifies a record by the environment's name too, so that those of an earlier name
        would stay `deployed`. They are written at each success, since one may have failed to.
        """
        before = _images_of(self.verified)
        yield from artifact_records(
            self.images, before, self.applications, self.environment, clusters
        )
        for name, verified in self.former.items():
            yield from artifact_records((), _images_of(verified), self.applications, name, clusters)

    def _tell_sources(self, result: EnvironmentResult) -> tuple[str, ...]:
        ports = self.ports
        if ports.sources is None:
            return ()
        deployed = DeployedSource(
            images=self.images, applications=self.applications, job=ports.job, result=result
        )
        return tell_sources(ports.sources, ports.registry, deployed)

    def _replace(self) -> None:
        """GitHub shows one active Deployment; those before stay known as verified."""
        inactive = records.DeploymentStatus(state="inactive", description="superseded")
        for number in self.replaces:
            if number != self.number:
                with suppress(GitOpsError):  # only a page would show two as active
                    self.ports.deployments.set_status(number, inactive)

    def say(self, state: records.DeploymentState, description: str) -> None:
        """Add a status.

        Raises:
            GitOpsError: GitHub did not take it.
        """
        if self.number is None:
            return
        status = records.DeploymentStatus(
            state=state,
            description=description,
            log_url=self.ports.job.job_url,
            environment_url=self.url,
        )
        self.ports.deployments.set_status(self.number, status)


def _images_of(verified: Verified | None) -> tuple[str, ...]:
    applications = verified.applications if verified is not None else {}
    return tuple(image for each in applications.values() for image in each)


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

    def recorded(self, environment: str, formerly: Sequence[str] = ()) -> NewestRecord | None:
        """Nothing is known."""
        del environment, formerly
        return None

    def goes_back_to(
        self, rendering: EnvironmentRendering, *, applications: Sequence[Application] = ()
    ) -> str:
        """Nothing is known."""
        del rendering, applications
        return ""

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
        destroys: bool = False,
    ) -> NoRecord:
        """Begin without a word."""
        del environment, rendering, commit, applications, destroys
        return NoRecord()
