"""`drift`: compares what lives with what was deployed. It writes nothing into a cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import field, replace

from gitops_action.commands.deploy.target import TargetRun
from gitops_action.commands.drift.issue import keep_issues
from gitops_action.commands.drift.ports import DriftPorts
from gitops_action.commands.drift.push import Describe, drift_of_push
from gitops_action.commands.drift.report import drift_outcome, listed
from gitops_action.commands.render import EnvironmentRendering, render_environment
from gitops_action.core.config import (
    Config,
    Environment,
    Target,
    load_config,
    select_environments,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.drift.deployed import Baseline
from gitops_action.core.drift.report import DriftReport, TargetDrift, without_failure
from gitops_action.core.drift.sights import after, read_sights, write_sights
from gitops_action.core.inputs.drift import DriftInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.repository import Tree
from gitops_action.errors import GitOpsError, UsageError


def _by_flux(run: TargetRun, found: TargetDrift, describe: Describe) -> TargetDrift:
    from gitops_action.commands.drift.flux import drift_of_flux  # noqa: PLC0415 - one engine

    return drift_of_flux(run, found, describe)


_ENGINES = {"push": drift_of_push, "flux": _by_flux}


def run(inputs: DriftInputs, ports: DriftPorts) -> Outcome:
    """Compare.

    Raises:
        UsageError: an input names what is not there, or no environment has a target.
        GitOpsError: the repository or its configuration cannot be read.
    """
    tree = ports.trees.at(ports.trees.tip())
    config = _config(ports, tree, inputs.config)
    environments = _chosen(config, inputs.environment)
    if inputs.dry_run:
        reached = [one for one in environments if _reached(one)]
        return listed([one.name for one in reached])
    comparison = _DriftRun(inputs=inputs, ports=ports, tree=tree, config=config)
    targets = tuple(one for each in environments for one in comparison.environment(each))
    report = DriftReport(repository=inputs.repository, at=ports.clock.now(), targets=targets)
    said, notes = _followed_up(ports, report)
    return drift_outcome(report, inputs, said=said, notes=notes)


def _followed_up(ports: DriftPorts, report: DriftReport) -> tuple[list[str], list[str]]:
    """Keep the issues and what the next run has to know: what was done, and what could not be."""
    if ports.sights is None:
        return [], []
    said: list[str] = []
    notes: list[str] = []
    try:
        before = read_sights(ports.sights.read())
        ports.sights.write(write_sights(after(report, before)))
        if ports.issues is not None:
            said += keep_issues(ports.issues, report, before, ports.redactor)
    except GitOpsError as error:
        notes.append(f"the issue about drift could not be kept: {error}")
    return said, notes


def _reached(environment: Environment) -> bool:
    return any(target.access != "none" for target in environment.deploy.targets)


def _config(ports: DriftPorts, tree: Tree, path: str) -> Config:
    found = ports.trees.read(tree, [path] if path in tree.files else []).get(path)
    return load_config(path, found.data if found else None)


def _chosen(config: Config, names: tuple[str, ...]) -> tuple[Environment, ...]:
    chosen = select_environments(config, names) if names else config.environments
    able = tuple(one for one in chosen if one.deploy.targets)
    if not able:
        raise UsageError(
            "No environment has a cluster to compare with",
            fix="declare `deploy` with an `engine` for an environment in the configuration",
        )
    return able


@dataclass(frozen=True, kw_only=True)
class _DriftRun:
    """One run."""

    inputs: DriftInputs
    ports: DriftPorts
    tree: Tree
    config: Config
    renderings: dict[tuple[str, str], EnvironmentRendering] = field(default_factory=dict)

    def environment(self, environment: Environment) -> Iterator[TargetDrift]:
        """Each of its clusters, one after the other."""
        try:
            base = self.ports.baselines.of(environment) if self.ports.baselines else None
        except GitOpsError as error:
            base = Baseline(busy=f"its deployments could not be read: {error}")
        for target in environment.deploy.targets:
            found = TargetDrift(environment=environment.name, target=target.name)
            yield self._target(environment, target, found, base)

    def _target(
        self, environment: Environment, target: Target, found: TargetDrift, base: Baseline | None
    ) -> TargetDrift:
        reason = _nothing_to_compare(base, target)
        if reason:
            return replace(found, reason=reason)
        if base is not None and base.destroyed:
            return replace(found, notes=("the environment was taken down",))
        if base is not None and base.failed:
            note = f"the deployment of {base.failed[:12]} did not succeed"
            found = replace(found, notes=(note,))
        try:
            run = self._run(environment, target, base.commit if base else "")
            compare = _ENGINES[target.engine]
            found = compare(run, found, lambda commit: self._described(environment, commit))
        except UsageError:
            raise
        except GitOpsError as error:
            return replace(found, reason=str(error))
        return found if base is not None and base.failed else without_failure(found)

    def _described(self, environment: Environment, commit: str) -> EnvironmentRendering:
        """What it describes at a commit, by that commit's configuration; empty: at the tip."""
        key = environment.name, commit
        if key not in self.renderings:
            tree = self.ports.trees.at(commit) if commit else self.tree
            config = _config(self.ports, tree, self.inputs.config) if commit else self.config
            names = (environment.name, *environment.formerly)
            then = next((one for name in names if (one := config.environment(name))), environment)
            self.renderings[key] = render_environment(
                then,
                config,
                tree,
                self.ports.trees,
                self.ports.renderer(config.validate),
                repository=self.inputs.repository,
                branch=self.ports.branch,
            )
        return self.renderings[key]

    def _run(self, environment: Environment, target: Target, commit: str) -> TargetRun:
        ports, inputs = self.ports, self.inputs
        alone = len(environment.deploy.targets) == 1
        return TargetRun(
            environment=environment,
            target=target,
            repository=inputs.repository,
            server_url=inputs.server_url,
            branch=ports.branch,
            commit=commit,
            rendering=EnvironmentRendering(environment=environment),
            cluster=ports.clusters.connect(target, alone=alone),
            history=ports.trees,
            clock=ports.clock,
            stop=threading.Event(),
            teller=ports.tellers(environment.name, "" if alone else target.name),
            redactor=ports.redactor,
        )


def _nothing_to_compare(base: Baseline | None, target: Target) -> str:
    """Why nothing is compared now; empty where it is."""
    if target.access == "none":
        return "its cluster is not reached from here (`access: none`)"
    if base is None or base.destroyed:
        return ""
    return base.busy or ("" if base.commit else "no deployment has succeeded yet")
