"""One environment in all of its targets: checks, then engines, then the record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from gitops_action.commands.deploy.cluster import Cluster
from gitops_action.commands.deploy.flux.commit_status import StatusRun, deploy_by_status
from gitops_action.commands.deploy.moves import EnvironmentMoves
from gitops_action.commands.deploy.ports import DeployPorts
from gitops_action.commands.deploy.selection import Renderings, ancestry_of
from gitops_action.commands.deploy.target import Options, TargetRun, Teller
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Environment, Target
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.hooks import split
from gitops_action.core.deploy.pending import Ancestry, NewestRecord
from gitops_action.core.deploy.result import (
    Action,
    EnvironmentResult,
    Failure,
    Result,
    TargetResult,
)
from gitops_action.core.inputs.deploy import DeployInputs
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.report.deployment import Deployed
from gitops_action.errors import GitOpsError, Location, UsageError

# The targets of one environment, at the same time, also when the job is cancelled meanwhile.

GRACE = 5.0
"""Seconds that engines have to say how far they got: GitHub kills a cancelled job after 7.5 s
(GitHub's documentation, "Workflow cancellation")."""
_GLANCE = 0.2


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the targets ended; `bug` is what an engine raised, which it never should."""

    targets: tuple[TargetResult, ...]
    interrupted: bool = False
    bug: BaseException | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """What deploys one target; exceptions of `go` are bugs."""

    target: str
    go: Callable[[], TargetResult]


class _Thread:
    """One target's thread and what came of it."""

    def __init__(self, work: Work) -> None:
        """A thread that does not end must not keep the process."""
        self.work = work
        self.result: TargetResult | None = None
        self.bug: BaseException | None = None
        self.thread = threading.Thread(target=self._go, daemon=True, name=work.target)

    def _go(self) -> None:
        try:
            self.result = self.work.go()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            self.bug = error

    def ended(self) -> TargetResult:
        """The result; unknown where there is none."""
        if self.result is not None:
            return self.result
        sentence = (
            f"the engine broke: {type(self.bug).__name__}"
            if self.bug
            else "the job was cancelled before it was known how far this target got"
        )
        failure = Failure(sentence=sentence, fix="run it again: it goes on where this ended")
        return TargetResult(target=self.work.target, result=Result.UNKNOWN, failures=(failure,))


def deploy_targets(works: Sequence[Work], stop: threading.Event) -> Ended:
    """Run every target's work in a thread of its own, and wait for all."""
    work = [_Thread(one) for one in works]
    interrupted = False
    try:
        for one in work:
            one.thread.start()
        _wait(work, float("inf"))
    except KeyboardInterrupt:
        interrupted = True
        stop.set()
        _wait(work, GRACE)
    bug = next((one.bug for one in work if one.bug), None)
    return Ended(targets=tuple(one.ended() for one in work), interrupted=interrupted, bug=bug)


def _wait(work: Sequence[_Thread], seconds: float) -> None:
    """Wait in glances, so that a signal is noticed at once."""
    end = time.monotonic() + seconds
    for one in work:
        while one.thread.is_alive() and time.monotonic() < end:
            one.thread.join(_GLANCE)


@dataclass(frozen=True, kw_only=True)
class EnvironmentRun:
    """What deploying one environment takes."""

    environment: Environment
    inputs: DeployInputs
    ports: DeployPorts
    renderings: Renderings
    stop: threading.Event

    def deploy(self) -> Deployed:
        """Deploy it.

        Raises:
            UsageError: the inputs do not lead to its clusters, or no engine knows its targets.
            GitOpsError: it could not be recorded that it begins.
        """
        started = self.ports.clock.monotonic()
        done = self._checked()
        return replace(done, seconds=self.ports.clock.monotonic() - started)

    def check(self) -> Deployed:
        """Look at the clusters of one whose content did not change; note drift, or correct it.

        Raises:
            UsageError: the inputs do not lead to its clusters.
            GitOpsError: it could not be recorded that a correction begins.
        """
        started = self.ports.clock.monotonic()
        rendering = self.renderings.of(self.environment)
        looks = [target for target in self._targets if target.engine == "push"]
        works = [self._work(target, rendering, look=True) for target in looks]
        ended = deploy_targets(works, self.stop)
        _raise(ended)
        if self.environment.deploy.drift == "correct" and any(map(_drifted, ended.targets)):
            done = self._recorded(rendering, self._works(rendering))
            done = replace(done, notes=(_CORRECTED, *done.notes), places=_places(rendering))
        else:
            done = Deployed(outcome=self._outcome([_looked(one) for one in ended.targets]))
        return replace(done, seconds=self.ports.clock.monotonic() - started)

    def destroy(self) -> Deployed:
        """Delete everything that was applied for it.

        Raises:
            UsageError: the inputs do not lead to its clusters, or Flux applies it.
            GitOpsError: it could not be recorded that it begins.
        """
        started = self.ports.clock.monotonic()
        flux = [target.name for target in self._targets if target.engine != "push"]
        if flux:
            raise UsageError(
                f"`{self.environment.name}` is applied by Flux, so that Flux has to delete it",
                fix="remove its Kustomization, with `spec.prune: true`, from what Flux reads",
            )
        nothing = EnvironmentRendering(environment=self.environment)
        hooks, notes = self._removal_hooks()
        works = self._works(hooks)
        if self.inputs.dry_run:
            done = self._shown(works)
        else:
            done = self._recorded(nothing, works, destroys=True)
        seconds = self.ports.clock.monotonic() - started
        return replace(done, notes=(*notes, *done.notes), seconds=seconds)

    def _removal_hooks(self) -> tuple[EnvironmentRendering, tuple[str, ...]]:
        """The hooks that run when it is taken down; why they are not known, where they are not."""
        nothing = EnvironmentRendering(environment=self.environment)
        if not self.environment.declared:
            return nothing, ()
        rendering = self.renderings.of(self.environment)
        problems = (*rendering.problems, *rendering.unrendered)
        if problems:
            text = f"hooks of the removal do not run: {problems[0].title}"
            return nothing, (text,)
        hooks = tuple(one for one, _ in split(rendering.applied).removal)
        return replace(nothing, manifests=hooks), ()

    def _checked(self) -> Deployed:
        rendering = self.renderings.of(self.environment)
        places = _places(rendering)
        problems = (*rendering.problems, *self._missing(rendering))
        if problems:
            return Deployed(outcome=self._unrendered(problems), places=places)
        newer = self._newer()
        if newer is not None:
            return self._superseded(newer)
        works = self._works(rendering)
        done = self._shown(works) if self.inputs.dry_run else self._recorded(rendering, works)
        return replace(done, notes=(*rendering.notes, *done.notes), places=places)

    @property
    def _targets(self) -> Sequence[Target]:
        return self.environment.deploy.targets

    def _shown(self, works: Sequence[Work]) -> Deployed:
        """A dry run: nothing is recorded."""
        ended = deploy_targets(works, self.stop)
        _raise(ended)
        return Deployed(outcome=self._outcome(ended.targets))

    def _recorded(
        self, rendering: EnvironmentRendering, works: Sequence[Work], *, destroys: bool = False
    ) -> Deployed:
        record = self.ports.records.begin(
            self.environment,
            rendering,
            self.renderings.tree.commit,
            applications=self.renderings.config.applications,
            destroys=destroys,
        )
        record.in_progress()
        ended = deploy_targets(works, self.stop)
        outcome = self._outcome(ended.targets)
        notes = record.finish(outcome)
        _raise(ended)
        return Deployed(outcome=outcome, deployment=record.number, notes=notes)

    def _newer(self) -> NewestRecord | None:
        """What was deployed last, where the commit to deploy lies behind it."""
        environment = self.environment
        recorded = self.ports.records.recorded(environment.name, environment.formerly)
        seen = ancestry_of(self.ports.trees, recorded, self.renderings.tree.commit)
        return recorded if seen is Ancestry.BEHIND else None

    def _superseded(self, newer: NewestRecord) -> Deployed:
        targets = tuple(
            TargetResult(target=target.name, result=Result.SUPERSEDED) for target in self._targets
        )
        note = (
            f"{self.renderings.tree.commit[:12]} was not deployed: {newer.commit[:12]}, which was"
            " deployed last, is newer and contains it. To go back, revert in Git and deploy that"
        )
        return Deployed(outcome=self._outcome(targets), notes=(note,))

    def _missing(self, rendering: EnvironmentRendering) -> tuple[GitOpsError, ...]:
        """Charts that a push deployment would leave out, and prune what they made before."""
        pushes = any(target.engine == "push" for target in self._targets)
        return rendering.unrendered if pushes else ()

    def _unrendered(self, problems: Sequence[GitOpsError]) -> EnvironmentResult:
        failures = tuple(_failure(problem) for problem in problems)
        return self._outcome(
            [
                TargetResult(target=target.name, result=Result.FAILED, failures=failures)
                for target in self._targets
            ]
        )

    def _outcome(self, targets: Sequence[TargetResult]) -> EnvironmentResult:
        return EnvironmentResult(
            environment=self.environment.name,
            commit=self.renderings.tree.commit,
            targets=tuple(targets),
        )

    def _works(self, rendering: EnvironmentRendering) -> list[Work]:
        """What deploys each target; every cluster is connected to before anything begins."""
        for target in self._targets:
            self._need_engine(target)
        return [self._work(target, rendering) for target in self._targets]

    def _need_engine(self, target: Target) -> None:
        if target.engine not in self.ports.engines:
            raise UsageError(
                f"`{self.environment.name}` is deployed by the engine `{target.engine}`, which"
                " this version does not drive",
                fix=f"use one of: {', '.join(self.ports.engines)}",
            )

    def _work(self, target: Target, rendering: EnvironmentRendering, *, look: bool = False) -> Work:
        if target.access == "none":
            waiting = self._status_run(target)
            return Work(target=target.name, go=lambda: deploy_by_status(waiting))
        alone = len(self._targets) == 1
        cluster = self.ports.clusters.connect(target, alone=alone)
        run, engine = self._run(target, rendering, cluster), self.ports.engines[target.engine]
        if look:
            run = replace(run, options=replace(run.options, dry_run=True))
        return Work(target=target.name, go=lambda: engine(run))

    def _status_run(self, target: Target) -> StatusRun:
        ports = self.ports
        if ports.statuses is None:
            raise UsageError(
                f"The cluster of `{self.environment.name}` is not reached from here",
                cause="it has `access: none`, and what Flux reports on GitHub needs a token",
                fix="give `token`",
            )
        return StatusRun(
            target=target,
            commit=self.renderings.tree.commit,
            statuses=ports.statuses,
            history=ports.trees,
            clock=ports.clock,
            stop=self.stop,
            teller=self._teller(target),
            redactor=ports.redactor,
            timeout=self.inputs.timeout or self.environment.deploy.health.timeout,
            dry_run=self.inputs.dry_run,
        )

    def _teller(self, target: Target) -> Teller:
        """The name of a target is shown where there are several."""
        shown = "" if len(self._targets) == 1 else target.name
        return self.ports.tellers(self.environment.name, shown)

    def _run(self, target: Target, rendering: EnvironmentRendering, cluster: Cluster) -> TargetRun:
        ports, inputs = self.ports, self.inputs
        return TargetRun(
            environment=self.environment,
            target=target,
            repository=inputs.repository,
            server_url=inputs.server_url,
            branch=ports.branch,
            commit=self.renderings.tree.commit,
            rendering=rendering,
            cluster=cluster,
            history=ports.trees,
            clock=ports.clock,
            stop=self.stop,
            teller=self._teller(target),
            redactor=ports.redactor,
            options=self._options(),
            moves=EnvironmentMoves(
                environment=self.environment,
                renderings=self.renderings,
                repository=inputs.repository,
                server_url=inputs.server_url,
            ),
            declared=self._declared(),
            schemas=self.ports.schemas,
        )

    def _declared(self) -> frozenset[str]:
        every = self.renderings.config.environments
        return frozenset(name for one in every for name in (one.name, *one.formerly))

    def _options(self) -> Options:
        inputs, job = self.inputs, self.ports.job
        run = f"run {job.run_id} attempt {job.run_attempt}" if job.run_id else "a terminal"
        return Options(
            dry_run=inputs.dry_run,
            force_conflicts=inputs.force_conflicts,
            confirm_prune=inputs.confirm_prune,
            destroy=bool(inputs.destroy),
            timeout=inputs.timeout,
            holder=f"{inputs.repository} {run}",
        )


_CORRECTED = "objects differed from what is described (drift: correct), so they were applied again"
_SHOWN = 5
_DIFFERS = frozenset({Action.CREATED, Action.CONFIGURED, Action.PRUNED, Action.FAILED})


def _drifted(target: TargetResult) -> bool:
    return any(one.action in _DIFFERS for one in target.objects)


def _looked(target: TargetResult) -> TargetResult:
    """A look as a result: nothing was done, and what was found is a note."""
    differ = [str(one.id) for one in target.objects if one.action in _DIFFERS]
    more = f" and {len(differ) - _SHOWN} more" if len(differ) > _SHOWN else ""
    if differ:
        note = (
            f"{len(differ)} objects differ from what is described: {', '.join(differ[:_SHOWN])}"
            f"{more}. `deploy --dry-run` shows how; deploying by name, or `deploy.drift: correct`,"
            " applies them again"
        )
    elif target.failures:
        note = f"the cluster could not be looked at: {target.failures[0].sentence}"
    else:
        note = f"{len(target.objects)} objects are as described"
    return TargetResult(target=target.target, result=Result.NOTHING, notes=(note,))


def _raise(ended: Ended) -> None:
    """An engine's exception is a bug, and reported as one, after everything was recorded."""
    if ended.bug is not None:
        raise ended.bug


def _failure(problem: GitOpsError) -> Failure:
    place = f"{problem.location}: " if problem.location else ""
    cause = f": {problem.cause}" if problem.cause else ""
    return Failure(
        sentence=f"{place}{problem.title}{cause}",
        fix=problem.fix,
        lasting=True,
        location=problem.location,
    )


def _places(rendering: EnvironmentRendering) -> dict[ObjectId, Location]:
    return {item.id: item.origin for item in rendering.manifests if item.origin}
