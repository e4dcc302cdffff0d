"""What a run of `deploy` did, environment by environment, for summary, outputs and annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_action.core.deploy.pending import Decision, Step
from gitops_action.core.deploy.result import EnvironmentResult, Result, combined
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import Location


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """One environment.

    Attributes:
        outcome: its result in all of its targets.
        deployment: number of the GitHub Deployment; None where none was made.
        notes: what a person should know.
        seconds: how long it took.
        places: where its objects are described, by id; annotations point there.
    """

    outcome: EnvironmentResult
    deployment: int | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    places: Mapping[ObjectId, Location] = field(default_factory=dict)

    def place(self, item: ObjectId | None) -> Location | None:
        """Where an object is described; its namespace may have been filled in by the cluster."""
        if item is None:
            return None
        bare = ObjectId(group=item.group, kind=item.kind, namespace="", name=item.name)
        return self.places.get(item) or self.places.get(bare)


@dataclass(frozen=True, kw_only=True)
class DeploymentReport:
    """The whole run.

    Attributes:
        repository: the environment repository.
        commit: what was deployed, a full id.
        environments: those that were deployed, in their order.
        decisions: about every environment, where pending ones were asked for.
        dry_run: nothing was written.
        interrupted: the job was cancelled.
    """

    repository: str
    commit: str
    environments: tuple[Deployed, ...] = ()
    decisions: tuple[Decision, ...] = ()
    dry_run: bool = False
    interrupted: bool = False

    @property
    def result(self) -> Result:
        """Of everything together."""
        return combined(tuple(item.outcome.result for item in self.environments))

    @property
    def failed(self) -> bool:
        """Whether the run ends as one that failed: what could not be told is no success."""
        return self.result in {Result.FAILED, Result.UNKNOWN}

    @property
    def due(self) -> tuple[str, ...]:
        """The environments to deploy now, by the decisions."""
        return tuple(item.environment for item in self.decisions if item.step is Step.DEPLOY)
