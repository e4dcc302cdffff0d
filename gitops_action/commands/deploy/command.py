"""`deploy`: brings environments to a commit, and says with proof whether it works.

The story: take the commit, read its configuration, choose the environments, and one after the
other: render it, reach its clusters, record that it begins, let every target's engine apply and
wait, record how it ended. What could not be determined is neither a success nor a failure.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import field, replace

from gitops_action.commands.deploy.environment import EnvironmentRun
from gitops_action.commands.deploy.ports import DeployPorts
from gitops_action.commands.deploy.report import deployment_outcome, list_outcome
from gitops_action.commands.deploy.selection import (
    Renderings,
    Selection,
    decide,
    read_config,
    select,
    to_destroy,
)
from gitops_action.core.cluster import NoClusterGivenError
from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.pending import NewestRecord, PendingStep
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


def _left_out(environment: Environment, renderings: Renderings, note: str) -> Deployed:
    outcome = EnvironmentResult(environment=environment.name, commit=renderings.tree.commit)
    return Deployed(outcome=outcome, notes=(note,))


def _records(renderings: Renderings, done: Sequence[Deployed]) -> dict[str, NewestRecord]:
    """What this run has done itself, as the next decision has to see it."""
    found: dict[str, NewestRecord] = {}
    for one in done:
        outcome, name = one.outcome, one.outcome.environment
        environment = renderings.config.environment(name)
        if environment is None or outcome.result in {Result.NOTHING, Result.SUPERSEDED}:
            continue
        hash_now = renderings.of(environment).hash
        before = renderings.ports.records.recorded(name)
        again = before is not None and (before.hash, before.result) == (hash_now, outcome.result)
        found[name] = NewestRecord(
            commit=outcome.commit,
            hash=hash_now,
            result=outcome.result,
            retry=outcome.retry,
            attempts=before.attempts + 1 if before is not None and again else 1,
            ended=renderings.ports.clock.now(),
            verified=before.verified if before is not None else None,
        )
    return found


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
        renderings = Renderings(
            ports=self.ports, config=config, tree=tree, repository=self.inputs.repository
        )
        if self.inputs.destroy and not self.inputs.only_lists:
            return self._destroy(renderings)
        selection = select(self.inputs, renderings)
        if self.inputs.only_lists:
            return list_outcome(self._report(tree.commit, selection, ()), self.ports.texts)
        done: list[Deployed] = []
        for environment in selection.environments:
            taken = self._pending if self.inputs.pending else self._named
            found = taken(environment, renderings, done)
            done += [found] if found is not None else []
            if self.stop.is_set():
                break
        report = self._report(tree.commit, selection, done)
        return deployment_outcome(report, self.ports.texts)

    def _destroy(self, renderings: Renderings) -> Outcome:
        environment = to_destroy(self.inputs.destroy, renderings.config)
        done = self._one(environment, renderings).destroy()
        selection = Selection(environments=(environment,))
        report = self._report(renderings.tree.commit, selection, (done,))
        return deployment_outcome(report, self.ports.texts)

    def _named(
        self, environment: Environment, renderings: Renderings, done: Sequence[Deployed]
    ) -> Deployed:
        """Deploy one that was asked for by name, unless one before it failed in this very run."""
        bad = {one.outcome.environment for one in done if not _went_well(one.outcome)}
        before = [name for name in environment.after if name in bad]
        if before:
            note = f"not deployed: it comes after {' and '.join(before)}, which did not succeed"
            return _left_out(environment, renderings, note)
        return self._one(environment, renderings).deploy()

    def _pending(
        self, environment: Environment, renderings: Renderings, done: Sequence[Deployed]
    ) -> Deployed | None:
        """Decide again, now that those before it are done; then deploy it, or look at it."""
        decision = next(
            one
            for one in decide(renderings, _records(renderings, done))
            if one.environment == environment.name
        )
        if decision.step is PendingStep.DEPLOY:
            found = self._first_or_next(environment, renderings)
            return replace(found, notes=(decision.reason, *found.notes))
        if decision.step is PendingStep.CHECK:
            return self._one(environment, renderings).check()
        return _left_out(environment, renderings, f"not deployed: {decision.reason}")

    def _first_or_next(self, environment: Environment, renderings: Renderings) -> Deployed:
        """Deploy; a new repository, whose cluster nothing leads to yet, gets a note."""
        try:
            return self._one(environment, renderings).deploy()
        except NoClusterGivenError as error:
            if self.ports.records.recorded(environment.name) is not None:
                raise
            note = f"nothing was ever deployed, and {error.cause}: {error.fix}"
            return _left_out(environment, renderings, note)

    def _one(self, environment: Environment, renderings: Renderings) -> EnvironmentRun:
        return EnvironmentRun(
            environment=environment,
            inputs=self.inputs,
            ports=self.ports,
            renderings=renderings,
            stop=self.stop,
        )

    def _report(
        self, commit: str, selection: Selection, done: Sequence[Deployed]
    ) -> DeploymentReport:
        return DeploymentReport(
            due=tuple(one.name for one in selection.environments),
            selected=selection.named,
            repository=self.inputs.repository,
            commit=commit,
            environments=tuple(done),
            decisions=selection.decisions,
            dry_run=self.inputs.dry_run,
            interrupted=self.stop.is_set(),
        )
