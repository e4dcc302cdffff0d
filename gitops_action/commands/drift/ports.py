"""What `drift` needs from the outside world."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gitops_action.commands.deploy.target import DeployClock, Teller
from gitops_action.commands.issues import Issues
from gitops_action.commands.ports import DeployTrees, Renderer
from gitops_action.core.config import Environment, Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.drift.deployed import Baseline
from gitops_action.core.redaction.known import Redactor

if TYPE_CHECKING:
    from gitops_action.commands.deploy.ports import Clusters


class Baselines(Protocol):
    """What was deployed."""

    def of(self, environment: Environment) -> Baseline | None:
        """What to compare an environment with; None where no deployment is recorded.

        Raises:
            GitOpsError: it could not be asked.
        """
        ...


class SightsFile(Protocol):
    """What the last run saw, kept for the next one."""

    def read(self) -> str:
        """The text; empty where nothing was kept."""
        ...

    def write(self, text: str) -> None:
        """Keep this one instead."""
        ...


@dataclass(frozen=True, kw_only=True)
class DriftPorts:
    """Everything that `drift` talks to.

    Attributes:
        trees: the environment repository.
        renderer: renders by an environment repository's settings.
        clusters: the clusters, of which nothing but reads is asked.
        tellers: who shows the progress of a target.
        clock: the time.
        redactor: knows the secrets.
        baselines: what was deployed; None without a token.
        sights: what was seen last time; None where nobody keeps it.
        issues: of the environment repository; None where no issue is kept.
        branch: the base branch; empty where it is not known.
    """

    trees: DeployTrees
    renderer: Callable[[Validation], Renderer]
    clusters: Clusters
    tellers: Callable[[str, str], Teller]
    clock: DeployClock
    redactor: Redactor
    baselines: Baselines | None = None
    sights: SightsFile | None = None
    issues: Issues | None = None
    branch: str = ""
