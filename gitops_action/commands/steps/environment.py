"""Plan one environment on a named commit, with its guards, and describe the result."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitops_action.commands.steps.base import Base
from gitops_action.commands.steps.content import Content
from gitops_action.commands.steps.guard import (
    HoldError,
    Lineage,
    lineage_of,
    refuse_backwards,
    refuse_held,
)
from gitops_action.commands.steps.ports import BumpPorts
from gitops_action.commands.steps.wanted import Wanted, described_source, sources
from gitops_action.core.config import Environment
from gitops_action.core.files import Snapshot
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Notice
from gitops_action.core.plan import Plan, PlanRequest, make_plan
from gitops_action.core.report.model import ImageStep, ProposalView


@dataclass(frozen=True, kw_only=True)
class PlannedEnvironment:
    """One environment's plan and what is to be said of it.

    `held` is set where a hold forbids to propose it; nothing is written then.
    """

    environment: Environment
    wanted: Wanted
    plan: Plan
    view: ProposalView
    notices: tuple[Notice, ...] = ()
    held: HoldError | None = None


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans environments of one base; the base's content is read once for all of them."""

    inputs: BumpInputs
    ports: BumpPorts
    base: Base
    content: Content

    def plan(self, environment: Environment, wanted: Wanted) -> PlannedEnvironment:
        """Plan on the base, and refuse what must not be proposed.

        Raises:
            GitOpsError: there is nothing to edit, it would be ambiguous, or a step backwards.
        """
        plan = self.content.plan(lambda files: self.on(files, environment, wanted))
        lineages = tuple(self._lineage(image.change, plan, wanted) for image in wanted.images)
        notices: tuple[Notice, ...] = ()
        if not self.inputs.allow_downgrade:
            notices = refuse_backwards(plan, wanted.changes, lineages)
        planned = PlannedEnvironment(
            environment=environment,
            wanted=wanted,
            plan=plan,
            view=self._view(environment, plan, wanted, lineages, notices),
            notices=notices,
        )
        return replace(planned, held=self._hold(planned))

    def on(self, files: Snapshot, environment: Environment, wanted: Wanted) -> Plan:
        """Plan on any commit's files, for example on a branch that people work on too."""
        return make_plan(
            PlanRequest(
                snapshot=files,
                environment=environment,
                config=self.base.config,
                applications=self.inputs.application,
                changes=wanted.changes,
                digest_mode=self.inputs.digest,
                sets=wanted.sets,
                paths=self.inputs.paths,
            )
        )

    def _hold(self, planned: PlannedEnvironment) -> HoldError | None:
        try:
            now = self.ports.clock.now()
            refuse_held(planned.plan, planned.wanted.changes, self.base.holds, now)
        except HoldError as held:
            return held
        return None

    def _lineage(self, change: ImageChange, plan: Plan, wanted: Wanted) -> Lineage:
        given, config, job = self.inputs.source, self.base.config, self.ports.job
        new = sources(wanted, given=given, config=config, job=job)[change.repository]
        described = previous(plan, change)
        old = described_source(self.ports.registry, described, job) if new else None
        return lineage_of(change.repository, old=old, new=new, history=self.ports.history)

    def _view(
        self,
        environment: Environment,
        plan: Plan,
        wanted: Wanted,
        lineages: tuple[Lineage, ...],
        notices: tuple[Notice, ...],
    ) -> ProposalView:
        by_repository = {lineage.repository: lineage for lineage in lineages}
        notes = [notice.text for notice in (*wanted.notices, *notices)]
        identity = self.ports.forge.viewer() if self.inputs.signoff and self.ports.forge else None
        return ProposalView(
            environment=environment.name,
            base=self.base.tip.branch,
            applications=plan.applications,
            images=tuple(
                _step(change, plan, by_repository.get(change.repository))
                for change in wanted.changes
            ),
            sets=tuple(str(edit) for edit in wanted.sets),
            lines=plan.lines,
            skipped=plan.skipped,
            notes=tuple(notes),
            job=self.ports.job,
            signoff=identity,
            declared=self.base.config.declared,
        )


def previous(plan: Plan, change: ImageChange) -> ImageReference | None:
    """What the environment describes now for the repository that changes."""
    found = (use for use in plan.previous if use.repository == change.repository)
    return next(found, None)


def _step(change: ImageChange, plan: Plan, lineage: Lineage | None) -> ImageStep:
    return ImageStep(
        old=previous(plan, change),
        new=change.target,
        old_source=lineage.old if lineage else None,
        new_source=lineage.new if lineage else None,
        comparison=lineage.comparison if lineage else None,
    )
