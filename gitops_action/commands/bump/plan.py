"""Plan one environment on a named commit, with its guards, and describe the result."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gitops_action.commands.bump.content import Base, CommitContent
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.bump.request import BumpRequest, described_source, sources
from gitops_action.commands.ports import SourceHistory
from gitops_action.core.config import Application, Environment, Hold, frozen, held
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageChange, ImageReference, ImageSource, is_downgrade
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Notice
from gitops_action.core.plan import Plan, PlanRequest, make_plan
from gitops_action.core.pull_requests import Comparison
from gitops_action.core.report.bump import ImageStep, ProposalView
from gitops_action.core.report.hold import lift_command
from gitops_action.core.repository import Snapshot
from gitops_action.errors import GitOpsError, Location

# Refuse what must not be proposed: a version on hold, and a step backwards.


class HoldError(GitOpsError):
    """The version, the application or the environment is on hold."""


class DowngradeError(GitOpsError):
    """The version is older than the one described."""


@dataclass(frozen=True, kw_only=True)
class SourceAncestry:
    """Where the old and the new image come from, and how the two commits relate."""

    repository: str
    old: ImageSource | None
    new: ImageSource | None
    comparison: Comparison | None = None


def refuse_held(
    plan: Plan,
    changes: tuple[ImageChange, ...],
    holds: tuple[Hold, ...],
    now: datetime,
    applications: tuple[Application, ...] = (),
) -> None:
    """Stop when a requested image, or an application that would get it, is on hold.

    Raises:
        HoldError: names who set the hold, why, and how it is lifted.
    """
    for change in changes:
        for application in _receivers(plan, change, applications):
            hold = held(holds, plan.environment, application, change.target, now)
            if hold is not None:
                what = str(change.target) if hold.image else f"{hold.application}"
                raise on_hold(hold, what, plan.environment)


def _receivers(
    plan: Plan, change: ImageChange, applications: tuple[Application, ...]
) -> tuple[str, ...]:
    """The applications that get this image; one without a name where none is known."""
    names = {change.repository, change.target.repository}
    lines = [line for line in (*plan.lines, *plan.unchanged) if line.repository in names]
    owners = tuple(one.name for one in applications if names & set(one.images)) or ("",)
    found = {
        name for line in lines for name in ([line.application] if line.application else owners)
    }
    return tuple(sorted(found)) or plan.applications or owners


def on_hold(hold: Hold, what: str, environment: str) -> HoldError:
    """The refusal by a hold: what it keeps out, who set it, why, and how it is lifted."""
    until = f" until {hold.until:%Y-%m-%d %H:%M %Z}" if hold.until else ""
    verb = "frozen" if hold.kind == "freeze" else "on hold"
    where = "" if hold.kind == "freeze" else f" in {environment}"
    lift = f"lift the hold by `{lift_command(hold)}`"
    if hold.pull_request:
        lift = f"close #{hold.pull_request}, which proposes the hold"
    other = "propose another version, or " if hold.kind == "version" else ""
    return HoldError(
        f"{what} is {verb}{where}{until}",
        cause=f"{hold.author or 'someone'} set it: {hold.reason or 'no reason was given'}",
        fix=f"{other}{lift}",
        location=Location(file=hold.file) if hold.file else None,
    )


def refuse_backwards(
    plan: Plan, changes: tuple[ImageChange, ...], lineages: tuple[SourceAncestry, ...]
) -> tuple[Notice, ...]:
    """Stop at a lower version or an older source commit; notes on what could not be compared.

    Raises:
        DowngradeError: names both versions and the input that allows it.
    """
    for change in changes:
        for old in _described(plan, change):
            if old.tag and change.target.tag and is_downgrade(old.tag, change.target.tag):
                raise _backwards(
                    plan,
                    old.tag,
                    f"{change.target.repository}:{change.target.tag}",
                    "a lower version",
                )
    notices = [_evaluate(plan, ancestry) for ancestry in lineages]
    return tuple(notice for notice in notices if notice is not None)


def _described(plan: Plan, change: ImageChange) -> tuple[ImageReference, ...]:
    return tuple(use for use in plan.previous if use.repository == change.repository)


def _evaluate(plan: Plan, ancestry: SourceAncestry) -> Notice | None:
    comparison, old, new = ancestry.comparison, ancestry.old, ancestry.new
    if comparison is None or old is None or new is None:
        return None
    if comparison.status == "behind":
        raise _backwards(plan, str(old), str(new), "an ancestor of what is described")
    if comparison.status == "diverged":
        text = f"{new} has diverged from {old.commit[:7]}, which {plan.environment} describes"
        return Notice(level="notice", text=text)
    return None


def _backwards(plan: Plan, old: str, new: str, why: str) -> DowngradeError:
    return DowngradeError(
        f"{new} would be a step backwards in {plan.environment}",
        cause=f"it is {why}: {old} is described now",
        fix="set `allow-downgrade: true` if this is meant",
    )


def ancestry_of(
    repository: str,
    *,
    old: ImageSource | None,
    new: ImageSource | None,
    history: SourceHistory | None,
) -> SourceAncestry:
    """Compare the commits of two images, where both are known and of one repository."""
    same = old and new and old.repository.lower() == new.repository.lower()
    if history is None or old is None or new is None or not same:
        return SourceAncestry(repository=repository, old=old, new=new)
    comparison = history.compare(repository=new.repository, base=old.commit, head=new.commit)
    return SourceAncestry(repository=repository, old=old, new=new, comparison=comparison)


@dataclass(frozen=True, kw_only=True)
class PlannedEnvironment:
    """One environment's plan and what is to be said of it.

    `held` is set where a hold forbids to propose it; nothing is written then. `frozen` is the
    environment's freeze: it may be proposed, and not committed to the base branch.
    """

    environment: Environment
    requested: BumpRequest
    plan: Plan
    view: ProposalView
    notices: tuple[Notice, ...] = ()
    held: HoldError | None = None
    frozen: Hold | None = None


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Plans environments of one base; the base's content is read once for all of them."""

    inputs: BumpInputs
    ports: BumpPorts
    base: Base
    content: CommitContent

    def plan(self, environment: Environment, requested: BumpRequest) -> PlannedEnvironment:
        """Plan on the base, and refuse what must not be proposed.

        Raises:
            GitOpsError: there is nothing to edit, it would be ambiguous, or a step backwards.
        """
        plan = self.content.plan(lambda files: self.on(files, environment, requested))
        lineages = tuple(
            self._ancestry(image.change, previous(plan, image.change), requested)
            for image in requested.images
        )
        notices: tuple[Notice, ...] = ()
        if not self.inputs.allow_downgrade:
            notices = refuse_backwards(plan, requested.changes, lineages)
        freeze = frozen(self.base.holds, environment.name, self.ports.clock.now())
        if freeze:
            notices = (*notices, _frozen(freeze, environment.name))
        planned = PlannedEnvironment(
            environment=environment,
            requested=requested,
            plan=plan,
            view=self._view(environment, plan, requested, lineages, notices),
            notices=notices,
            frozen=freeze,
        )
        return replace(planned, held=self.hold_of(planned, requested.changes))

    def on(self, files: Snapshot, environment: Environment, requested: BumpRequest) -> Plan:
        """Plan on any commit's files, for example on a branch that people work on too."""
        return make_plan(
            PlanRequest(
                snapshot=files,
                environment=environment,
                config=self.base.config,
                applications=self.inputs.application,
                changes=requested.changes,
                digest_mode=self.inputs.digest,
                sets=requested.sets,
                paths=self.inputs.paths,
                repository=self.inputs.repository,
                branch=self.base.tip.branch,
            )
        )

    def hold_of(
        self, planned: PlannedEnvironment, changes: tuple[ImageChange, ...]
    ) -> HoldError | None:
        """The refusal, where one of these changes is on hold in the environment."""
        now, declared = self.ports.clock.now(), self.base.config.applications
        try:
            refuse_held(planned.plan, changes, self.base.holds, now, declared)
        except HoldError as refusal:
            return refusal
        return None

    def proposes_newer(
        self, proposed: ImageReference, change: ImageChange, requested: BumpRequest
    ) -> bool:
        """Whether `proposed` is the newer one: the higher version, else built from a descendant."""
        if proposed == change.target:
            return False
        if proposed.tag and change.target.tag:
            lower = is_downgrade(proposed.tag, change.target.tag)
            if lower is not None:
                return lower
        comparison = self._ancestry(change, proposed, requested).comparison
        return comparison is not None and comparison.status == "behind"

    def _ancestry(
        self, change: ImageChange, described: ImageReference | None, requested: BumpRequest
    ) -> SourceAncestry:
        given, config, job = self.inputs.source, self.base.config, self.ports.job
        new = sources(requested, given=given, config=config, job=job)[change.repository]
        old = described_source(self.ports.registry, described, job) if new else None
        return ancestry_of(change.repository, old=old, new=new, history=self.ports.history)

    def _view(
        self,
        environment: Environment,
        plan: Plan,
        requested: BumpRequest,
        lineages: tuple[SourceAncestry, ...],
        notices: tuple[Notice, ...],
    ) -> ProposalView:
        by_repository = {ancestry.repository: ancestry for ancestry in lineages}
        told = [notice.text for notice in (*requested.notices, *notices)]
        notes = [*told, *self.content.notes, *plan.notes]
        identity = self.ports.forge.viewer() if self.inputs.signoff and self.ports.forge else None
        return ProposalView(
            environment=environment.name,
            base=self.base.tip.branch,
            applications=plan.applications,
            images=tuple(
                _step(change, plan, by_repository.get(change.repository))
                for change in requested.changes
            ),
            sets=tuple(str(edit) for edit in requested.sets),
            lines=plan.lines,
            skipped=plan.skipped,
            notes=tuple(notes),
            job=self.ports.job,
            signoff=identity,
            declared=self.base.config.declared,
            promotion=self.ports.promotion,
        )


def _frozen(freeze: Hold, environment: str) -> Notice:
    until = f" until {freeze.until:%Y-%m-%d %H:%M %Z}" if freeze.until else ""
    text = f"{environment} is frozen{until}: {freeze.reason or 'no reason was given'}"
    return Notice(level="notice", text=f"{text}. What is proposed merges after the freeze")


def previous(plan: Plan, change: ImageChange) -> ImageReference | None:
    """What the environment describes now for the repository that changes."""
    found = (use for use in plan.previous if use.repository == change.repository)
    return next(found, None)


def _step(change: ImageChange, plan: Plan, ancestry: SourceAncestry | None) -> ImageStep:
    return ImageStep(
        old=previous(plan, change),
        new=change.target,
        old_source=ancestry.old if ancestry else None,
        new_source=ancestry.new if ancestry else None,
        comparison=ancestry.comparison if ancestry else None,
    )
