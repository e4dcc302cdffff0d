"""The configuration as every command sees it: applications and environments, fully resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from gitops_action.core.config.deploy import Deploy
from gitops_action.core.config.gates import Gates
from gitops_action.core.config.validation import Validation
from gitops_action.core.pull_requests import MergeMethod

MergeMode = Literal["auto", "manual"]
RollbackMode = Literal["auto", "propose", "off"]

CONFIG_PATH = ".github/gitops.yaml"
PLACEHOLDER = "{application}"
DEFAULT_ENVIRONMENT = "default"


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application.

    `images` are normalised repositories; empty when they are to be discovered. `source` is the
    application's own repository (OWNER/NAME), where it is known.
    """

    name: str
    images: tuple[str, ...] = ()
    source: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What happens when a deployment failed, and how many people approve what is proposed."""

    mode: RollbackMode = "propose"
    approvals: int = 0


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment.

    Attributes:
        name: as it is written in the configuration.
        path: its folder, forward slashes, no leading or trailing one; empty for the whole
            repository; one segment may be `{application}`.
        after: environments that a version has to have run in before.
        merge: whether the gate merges what passes, or a person does.
        merge_method: how the gate merges.
        gates: what has to be true before; None when there is none.
        rollback: what happens after a failed deployment.
        deploy: where it is deployed to.
        declared: False for the one environment of a repository without configuration.
        line: the line of the configuration it is declared on.
    """

    name: str
    path: str = ""
    after: tuple[str, ...] = ()
    merge: MergeMode = "manual"
    merge_method: MergeMethod = "merge"
    gates: Gates | None = None
    rollback: Rollback = field(default_factory=Rollback)
    deploy: Deploy = field(default_factory=Deploy)
    declared: bool = True
    line: int | None = None

    @property
    def root(self) -> str:
        """The deepest folder that holds all of it: what comes before the placeholder."""
        return self.path.partition(PLACEHOLDER)[0].rstrip("/")

    def folders(self, applications: Sequence[str]) -> tuple[str, ...]:
        """The folders of these applications; of all when none is named.

        An empty string among them is the whole repository.
        """
        if PLACEHOLDER not in self.path:
            return (self.path,)
        if not applications:
            return (self.root,)
        return tuple(self.path.replace(PLACEHOLDER, name) for name in applications)

    def contains(self, path: str) -> bool:
        """Whether a file of the repository lies in this environment's folder."""
        wanted = self.path.split("/") if self.path else []
        given = path.split("/")[:-1][: len(wanted)]
        return len(given) == len(wanted) and all(
            expected in (PLACEHOLDER, found) for expected, found in zip(wanted, given, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole configuration. `declared` is False when the repository has no file for it."""

    environments: tuple[Environment, ...]
    applications: tuple[Application, ...] = ()
    validate: Validation = field(default_factory=Validation)
    declared: bool = True
    path: str = CONFIG_PATH

    def environment(self, name: str) -> Environment | None:
        """The environment of this name."""
        return next((item for item in self.environments if item.name == name), None)

    def application(self, name: str) -> Application | None:
        """The application of this name, where it is declared."""
        return next((item for item in self.applications if item.name == name), None)
