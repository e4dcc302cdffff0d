"""Which environments a run deploys: by name, the only one, or those that are pending."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace

from gitops_action.commands.deploy.ports import DeployPorts
from gitops_action.commands.ports import DeployTrees
from gitops_action.commands.render import EnvironmentRendering, render_environment
from gitops_action.core.config import (
    Config,
    Deploy,
    Environment,
    Target,
    load_config,
    select_environments,
)
from gitops_action.core.config.select import in_sequence
from gitops_action.core.config.values import NAME_PATTERN
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy import pending
from gitops_action.core.inputs.deploy import DeployInputs
from gitops_action.core.outcome import Job
from gitops_action.core.repository import Tree
from gitops_action.errors import GitOpsError, UsageError

_BY_TIME = frozenset({"schedule", "workflow_dispatch"})
_IN_RUN = frozenset(
    {pending.PendingStep.DEPLOY, pending.PendingStep.FOLLOW, pending.PendingStep.CHECK}
)


@dataclass(kw_only=True)
class Renderings:
    """What the environments come to at one commit, each rendered once.

    `repository` (OWNER/NAME) says which sources of Flux and Argo CD are this repository.
    """

    ports: DeployPorts
    config: Config
    tree: Tree
    repository: str = ""
    _done: dict[str, EnvironmentRendering] = field(default_factory=dict)
    _then: dict[tuple[str, str], EnvironmentRendering | None] = field(default_factory=dict)

    def of(self, environment: Environment) -> EnvironmentRendering:
        """Render it, or give what was rendered before."""
        if environment.name not in self._done:
            self._done[environment.name] = self._rendered(environment, self.tree)
        return self._done[environment.name]

    def changed_since(self, environment: Environment, commit: str) -> bool | None:
        """Whether it describes something else than at a commit; None where that is unknown."""
        if commit == self.tree.commit:
            return False
        now = self.of(environment)
        try:
            then = self.ports.trees.at(commit)
        except GitOpsError:
            return None
        if _same_files(environment, then, self.tree, now.files):
            return False
        before = self.then(environment, commit)
        return None if now.problems or before is None else before.hash != now.hash

    def folder_changed(self, environment: Environment, commit: str) -> bool:
        """Whether a file of its folder differs from the one at a commit; false where unknown."""
        try:
            then = self.ports.trees.at(commit)
        except GitOpsError:
            return False
        return not _same_files(environment, then, self.tree, self._own_files(environment))

    def then(self, environment: Environment, commit: str) -> EnvironmentRendering | None:
        """What it came to at an earlier commit; None where that cannot be rendered."""
        key = environment.name, commit
        if key not in self._then:
            try:
                found = self._rendered(environment, self.ports.trees.at(commit))
            except GitOpsError:
                self._then[key] = None
            else:
                self._then[key] = None if found.problems else found
        return self._then[key]

    def _own_files(self, environment: Environment) -> list[str]:
        return [path for path in self.tree.files if environment.contains(path)]

    def _rendered(self, environment: Environment, tree: Tree) -> EnvironmentRendering:
        renderer = self.ports.renderer(self.config.validate)
        return render_environment(
            environment,
            self.config,
            tree,
            self.ports.trees,
            renderer,
            repository=self.repository,
            branch=self.ports.branch,
        )


def _same_files(environment: Environment, then: Tree, now: Tree, files: Collection[str]) -> bool:
    """Whether the files that it stands on now, and those in its folder then, are the same."""
    every = {*files, *(path for path in then.files if environment.contains(path))}
    return all(then.files.get(path) == now.files.get(path) for path in every)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The environments that this run takes on, in their order, and what was decided of all."""

    environments: tuple[Environment, ...]
    decisions: tuple[pending.Decision, ...] = ()
    named: tuple[str, ...] = ()
    """Those that the inputs name, of a list."""


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


def to_destroy(name: str, config: Config) -> Environment:
    """The environment of this name, also one that is not declared any more.

    What was applied for it is known by its name alone, in the cluster that the inputs lead to.

    Raises:
        UsageError: it is not a name of an environment, or a former one.
    """
    found = config.environment(name)
    if found is not None and found.deploy.targets:
        return found
    later = next((one.name for one in config.environments if name in one.formerly), "")
    if later or not re.fullmatch(NAME_PATTERN, name):
        raise UsageError(
            f"there is no environment {name!r} to destroy",
            cause=f"{later} was called so before"
            if later
            else "it is not a name of an environment",
            fix=f"write `{later}`" if later else "write the name as it was declared",
        )
    target = Target(name="default", engine="push")
    return Environment(name=name, deploy=Deploy(targets=(target,)), declared=False)


def _pending(inputs: DeployInputs, renderings: Renderings) -> Selection:
    every = in_sequence(renderings.config.environments)
    asked = {item.name for item in _asked(inputs, renderings)}
    decided = decide(renderings)
    chosen = frozenset(_in_run(decided, asked))
    environments = tuple(item for item in every if item.name in chosen)
    if inputs.only_lists:
        environments = tuple(_worth_a_job(environments, decided, renderings.ports.job))
    return Selection(
        environments=environments,
        decisions=tuple(_of_asked(one, asked, chosen) for one in decided),
        named=tuple(sorted(asked)) if inputs.environment else (),
    )


def _worth_a_job(
    environments: Sequence[Environment], decided: Sequence[pending.Decision], job: Job
) -> Iterator[Environment]:
    """What the jobs of a list are started for: a look alone only where it corrects drift.

    A job may ask people for their approval, by the protection rules of its environment.
    """
    looked_at = {one.environment for one in decided if one.step is pending.PendingStep.CHECK}
    for item in environments:
        corrects = item.deploy.drift == "correct" and job.event_name in _BY_TIME
        if item.name not in looked_at or corrects:
            yield item


def _of_asked(
    decision: pending.Decision, asked: Collection[str], chosen: Collection[str]
) -> pending.Decision:
    if decision.environment not in asked:
        return replace(decision, step=pending.PendingStep.SKIP, reason="it was not asked for")
    if decision.step is pending.PendingStep.FOLLOW and decision.environment not in chosen:
        return replace(decision, step=pending.PendingStep.WAIT)
    return decision


def decide(
    renderings: Renderings, done: Mapping[str, pending.NewestRecord] | None = None
) -> tuple[pending.Decision, ...]:
    """A decision for each environment, in their order.

    Args:
        renderings: what they describe.
        done: records of this very run, newer than what was read.

    Raises:
        GitOpsError: what was deployed last could not be read.
    """
    config = renderings.config
    every = in_sequence(config.environments)

    def changed(name: str, commit: str) -> bool | None:
        found = config.environment(name)
        return renderings.changed_since(found, commit) if found is not None else None

    given = pending.Range(now=renderings.ports.clock.now(), changed=changed)
    return pending.decide_pending(
        (_described(item, renderings, done or {}) for item in every), given
    )


def _in_run(decided: Sequence[pending.Decision], asked: Collection[str]) -> Iterator[str]:
    """What this run takes on: not what follows an environment that was not asked for."""
    taken: set[str] = set()
    for one in decided:
        able = one.step in _IN_RUN and one.environment in asked
        if able and (one.step is not pending.PendingStep.FOLLOW or taken.issuperset(one.before)):
            taken.add(one.environment)
            yield one.environment


def _asked(inputs: DeployInputs, renderings: Renderings) -> tuple[Environment, ...]:
    config = renderings.config
    if inputs.destroy:
        found = to_destroy(inputs.destroy, config)
        if not found.declared and renderings.ports.records.recorded(found.name) is None:
            raise UsageError(
                f"there is no environment {found.name!r} to destroy",
                cause="it is not declared, and nothing was deployed under its name",
                fix="write the name as it was declared",
            )
        return (found,)
    if not inputs.environment:
        return config.environments
    return select_environments(config, inputs.environment)


def _described(
    environment: Environment, renderings: Renderings, done: Mapping[str, pending.NewestRecord]
) -> pending.DescribedEnvironment:
    """An environment as the decision needs it; one that cannot be rendered is never the same."""
    ports = renderings.ports
    if not _driven(environment, ports):
        return pending.DescribedEnvironment(
            environment=environment.name, hash="", after=environment.after, deployable=False
        )
    recorded = done.get(environment.name) or ports.records.recorded(environment.name)
    rendering = renderings.of(environment)
    applications = renderings.config.applications
    return pending.DescribedEnvironment(
        environment=environment.name,
        hash="" if rendering.problems else rendering.hash,
        after=environment.after,
        applied=any(target.engine == "push" for target in environment.deploy.targets),
        recorded=recorded,
        ancestry=ancestry_of(ports.trees, recorded, renderings.tree.commit),
        returns=lambda: ports.records.goes_back_to(rendering, applications=applications),
    )


def ancestry_of(
    trees: DeployTrees, recorded: pending.NewestRecord | None, commit: str
) -> pending.Ancestry:
    """Where the commit stands, seen from the recorded one; unknown where history cannot be read."""
    if recorded is None:
        return pending.Ancestry.UNKNOWN
    if recorded.commit == commit:
        return pending.Ancestry.SAME
    try:
        if trees.is_ancestor(recorded.commit, commit):
            return pending.Ancestry.AHEAD
        return (
            pending.Ancestry.BEHIND
            if trees.is_ancestor(commit, recorded.commit)
            else pending.Ancestry.DIVERGED
        )
    except GitOpsError:
        return pending.Ancestry.UNKNOWN


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
        "No environment was specified",
        cause=f"the configuration has {names}",
        fix="give `environment`, or `pending` for all that changed",
    )
