"""Which environments a run deploys: by name, the only one, or those that are pending."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from gitops_action.commands.deploy.ports import DeployPorts
from gitops_action.commands.ports import DeployTrees
from gitops_action.commands.render import EnvironmentRendering, render_environment
from gitops_action.core.config import Config, Environment, load_config, select_environments
from gitops_action.core.config.select import in_sequence, predecessors
from gitops_action.core.deploy.pending import (
    Ancestry,
    Decision,
    Described,
    Recorded,
    Step,
    decide_pending,
)
from gitops_action.core.inputs.deploy import DeployInputs
from gitops_action.core.repository import Tree
from gitops_action.errors import GitOpsError, UsageError

_DUE = frozenset({Step.DEPLOY, Step.WAIT})


@dataclass
class Renderings:
    """What the environments come to at one commit, each rendered once."""

    ports: DeployPorts
    config: Config
    tree: Tree
    _done: dict[str, EnvironmentRendering] = field(default_factory=dict)

    def of(self, environment: Environment) -> EnvironmentRendering:
        """Render it, or give what was rendered before."""
        if environment.name not in self._done:
            renderer = self.ports.renderer(self.config.validate)
            self._done[environment.name] = render_environment(
                environment, self.config, self.tree, self.ports.trees, renderer
            )
        return self._done[environment.name]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The environments to deploy, in their order, and what was decided of all."""

    environments: tuple[Environment, ...]
    decisions: tuple[Decision, ...] = ()


def read_config(trees: DeployTrees, tree: Tree, path: str) -> Config:
    """The configuration at the commit.

    Raises:
        GitOpsErrors: it is not valid.
    """
    found = trees.read(tree, [path] if path in tree.files else []).get(path)
    return load_config(path, found.data if found else None)


def select(inputs: DeployInputs, renderings: Renderings) -> Selection:
    """Choose.

    Raises:
        UsageError: an environment is not there or has no target, or none is named and there are
            several.
        GitOpsError: what was deployed last could not be asked.
    """
    config = renderings.config
    if inputs.pending:
        return _pending(inputs, renderings)
    if inputs.environment:
        chosen = select_environments(config, inputs.environment)
        for environment in chosen:
            _need_targets(environment)
        return Selection(environments=in_sequence(chosen))
    able = [item for item in config.environments if _driven(item, renderings.ports)]
    if len(able) != 1:
        raise _ambiguous(able)
    return Selection(environments=tuple(able))


def _pending(inputs: DeployInputs, renderings: Renderings) -> Selection:
    config = renderings.config
    every = in_sequence(config.environments)
    asked = {item.name for item in _asked(inputs, config)}
    decided = decide_pending(_described(item, renderings) for item in every)
    decisions = tuple(_of_asked(item, asked) for item in decided)
    due = frozenset(item.environment for item in decided if item.step in _DUE)
    return Selection(environments=_in_turn(every, due, asked), decisions=decisions)


def _in_turn(
    every: Sequence[Environment], due: Collection[str], asked: Collection[str]
) -> tuple[Environment, ...]:
    """Those that are due and asked for, unless one before them is due and was not asked for."""
    after = {item.name: item.after for item in every}
    left_out = {name for name in due if name not in asked}
    return tuple(
        item
        for item in every
        if item.name in due and item.name in asked and not left_out & predecessors(item.name, after)
    )


def _asked(inputs: DeployInputs, config: Config) -> tuple[Environment, ...]:
    if not inputs.environment:
        return config.environments
    return select_environments(config, inputs.environment)


def _of_asked(decision: Decision, asked: Collection[str]) -> Decision:
    if decision.environment in asked:
        return decision
    return replace(decision, step=Step.SKIP, reason="it was not asked for")


def _described(environment: Environment, renderings: Renderings) -> Described:
    """An environment as the decision needs it; one that cannot be rendered is never the same."""
    able = _driven(environment, renderings.ports)
    recorded = renderings.ports.records.recorded(environment.name) if able else None
    rendering = renderings.of(environment) if able else None
    broken = rendering is not None and bool(rendering.problems)
    ancestry = ancestry_of(renderings.ports.trees, recorded, renderings.tree.commit)
    return Described(
        environment=environment.name,
        hash=rendering.hash if rendering is not None and not broken else "",
        after=environment.after,
        deployable=able,
        recorded=recorded,
        ancestry=ancestry,
    )


def ancestry_of(trees: DeployTrees, recorded: Recorded | None, commit: str) -> Ancestry:
    """Where the commit stands, seen from the recorded one; unknown when history cannot tell."""
    if recorded is None:
        return Ancestry.UNKNOWN
    if recorded.commit == commit:
        return Ancestry.SAME
    try:
        if trees.is_ancestor(recorded.commit, commit):
            return Ancestry.AHEAD
        return Ancestry.BEHIND if trees.is_ancestor(commit, recorded.commit) else Ancestry.DIVERGED
    except GitOpsError:
        return Ancestry.UNKNOWN


def _driven(environment: Environment, ports: DeployPorts) -> bool:
    """Whether it has targets, and all of them are deployed by an engine of ours."""
    engines = {target.engine for target in environment.deploy.targets}
    return bool(engines) and engines <= set(ports.engines)


def _need_targets(environment: Environment) -> None:
    if not environment.deploy.targets:
        raise UsageError(
            f"The environment `{environment.name}` has no deploy target",
            fix=f"declare `environments.{environment.name}.deploy` in the configuration",
        )


def _ambiguous(able: list[Environment]) -> UsageError:
    if not able:
        return UsageError(
            "No environment has a target that this command deploys to",
            fix="declare `deploy` with an `engine` for an environment in the configuration",
        )
    names = ", ".join(f"`{item.name}`" for item in able)
    return UsageError(
        "It is not said which environment to deploy",
        cause=f"there are {names}",
        fix="give `environment`, or `pending` for all that changed",
    )
