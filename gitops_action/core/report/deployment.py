"""What a run of `deploy` did, environment by environment, for summary, outputs and annotations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gitops_action.core.config import Environment, Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.pending import Decision
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
        due: the environments that are to be deployed now, in their order.
        selected: those that the inputs name, of a list.
        dry_run: nothing was written.
        interrupted: the job was cancelled.
    """

    repository: str
    commit: str
    environments: tuple[Deployed, ...] = ()
    decisions: tuple[Decision, ...] = ()
    due: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    dry_run: bool = False
    interrupted: bool = False

    @property
    def result(self) -> Result:
        """Of everything together."""
        return combined(tuple(item.outcome.result for item in self.environments))

    @property
    def left_out(self) -> tuple[Decision, ...]:
        """Decisions about environments that this run did not take on."""
        taken = {item.outcome.environment for item in self.environments}
        return tuple(one for one in self.decisions if one.environment not in taken)

    @property
    def failed(self) -> bool:
        """Whether the run ends as one that failed: what could not be determined is no success."""
        return self.result in {Result.FAILED, Result.UNKNOWN}


# How an environment is deployed and who merges a change of it, in a few words.


def deployed_how(environment: Environment) -> str:
    """`push to eu and us`, `Flux: flux-system/staging`; says so when we do not deploy it."""
    targets = environment.deploy.targets
    if not targets:
        return "not deployed by gitops-action"
    named = len(targets) > 1
    return ", ".join(_target(target, named=named) for target in targets)


def merged_how(environment: Environment) -> str:
    """`merged by a person`, or by the gate, after which environments."""
    merged = "merged by the gate" if environment.merge == "auto" else "merged by a person"
    gated = ", with gates" if environment.gates else ""
    after = f" after {' and '.join(environment.after)}" if environment.after else ""
    return f"{merged}{after}{gated}"


def _target(target: Target, *, named: bool) -> str:
    where = f" ({target.name})" if named else ""
    if target.engine == "flux":
        return f"Flux{where}: {' and '.join(target.kustomizations)}"
    context = f" to {target.context}" if target.context else ""
    return f"push{context}{where}"
