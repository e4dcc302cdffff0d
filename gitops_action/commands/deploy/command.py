"""`deploy`: brings environments to a commit, and says with proof whether it works.

The story: take the commit, read its configuration, choose the environments, and one after the
other: render it, reach its clusters, record that it begins, let every target's engine apply and
wait, record how it ended. What could not be told is never taken for a success, nor for a failure.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitops_action.commands.deploy.environment import EnvironmentRun
from gitops_action.commands.deploy.ports import DeployPorts
from gitops_action.commands.deploy.report import deployment_outcome, list_outcome
from gitops_action.commands.deploy.selection import Renderings, Selection, read_config, select
from gitops_action.core.config import Environment
from gitops_action.core.deploy.result import EnvironmentResult, Result
from gitops_action.core.inputs.deploy import DeployInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.report.deployment import Deployed, DeploymentReport

__all__ = ["DeployPorts", "run"]

_GOOD = {Result.SUCCEEDED, Result.SUPERSEDED, Result.NOTHING}


def run(inputs: DeployInputs, ports: DeployPorts) -> Outcome:
    """Deploy, or list what is pending.

    Raises:
        GitOpsError: it could not begin: the repository cannot be read, its configuration is not
            valid, the inputs lead to no cluster, or nothing may be recorded. What a cluster
            refuses is part of the outcome.
    """
    return _Deployment(inputs=inputs, ports=ports).run()


def _went_well(outcome: EnvironmentResult) -> bool:
    """What was left out, and so has no targets, holds up what comes after it too."""
    return bool(outcome.targets) and outcome.result in _GOOD


@dataclass(frozen=True, kw_only=True)
class _Deployment:
    """One run."""

    inputs: DeployInputs
    ports: DeployPorts
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Outcome:
        trees = self.ports.trees
        tree = trees.at(self.inputs.commit or trees.tip())
        config = read_config(trees, tree, self.inputs.config)
        renderings = Renderings(ports=self.ports, config=config, tree=tree)
        selection = select(self.inputs, renderings)
        if self.inputs.only_lists:
            return list_outcome(self._report(tree.commit, selection, ()), self.ports.texts)
        done: list[Deployed] = []
        for environment in selection.environments:
            done.append(self._deploy(environment, renderings, done))
            if self.stop.is_set():
                break
        report = self._report(tree.commit, selection, done)
        return deployment_outcome(report, self.ports.texts)

    def _deploy(
        self, environment: Environment, renderings: Renderings, done: Sequence[Deployed]
    ) -> Deployed:
        """Deploy one, unless one that it comes after did not succeed in this very run."""
        bad = {one.outcome.environment for one in done if not _went_well(one.outcome)}
        before = [name for name in environment.after if name in bad]
        if before:
            outcome = EnvironmentResult(environment=environment.name, commit=renderings.tree.commit)
            note = f"not deployed: it comes after {' and '.join(before)}, which did not succeed"
            return Deployed(outcome=outcome, notes=(note,))
        one = EnvironmentRun(
            environment=environment,
            inputs=self.inputs,
            ports=self.ports,
            renderings=renderings,
            stop=self.stop,
        )
        return one.deploy()

    def _report(
        self, commit: str, selection: Selection, done: Sequence[Deployed]
    ) -> DeploymentReport:
        return DeploymentReport(
            repository=self.inputs.repository,
            commit=commit,
            environments=tuple(done),
            decisions=selection.decisions,
            dry_run=self.inputs.dry_run,
            interrupted=self.stop.is_set(),
        )
