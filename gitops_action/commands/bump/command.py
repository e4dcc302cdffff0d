"""`bump`: plan an image change in the environment repository and propose it.

The story: look the images up, read the base, plan every environment before anything is written,
then propose, commit or edit one environment after the other. Whenever something has moved
meanwhile, read the new state and plan again.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.commands.bump.content import Base, CommitContent, read_base
from gitops_action.commands.bump.plan import PlannedEnvironment, Planner, on_hold
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.bump.propose import Proposal
from gitops_action.commands.bump.pull_request import PullRequestClient
from gitops_action.commands.bump.report import bump_outcome
from gitops_action.commands.bump.request import BumpRequest, applications_of, read_requested
from gitops_action.commands.file_proposal import refuse_blocked
from gitops_action.core.config import select_environments
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.plan import NoMatchError, make_keep
from gitops_action.core.pull_request_state import ProposedChange, discovered
from gitops_action.core.pull_requests import NewCommit
from gitops_action.core.report.bump import ProposalResult
from gitops_action.errors import ConflictError, GitOpsError, UsageError

__all__ = ["BumpPorts", "run"]

ATTEMPTS = 16
"""How often a write is planned on a moving state before we give up: some two minutes of pauses.

A hundred bumps that commit to one branch at once all land with it.
"""


def run(inputs: BumpInputs, ports: BumpPorts) -> Outcome:
    """Bump the images.

    Raises:
        GitOpsError: nothing was written; what is wrong concerns the inputs, the images, or the
            plan of an environment. What fails after a first environment was proposed is part of
            the outcome, together with what was done.
    """
    return _Bump(inputs=inputs, ports=ports, requested=read_requested(inputs, ports.registry)).run()


@dataclass(frozen=True, kw_only=True)
class _Bump:
    """One run: what is asked for, and what it talks to."""

    inputs: BumpInputs
    ports: BumpPorts
    requested: BumpRequest

    def run(self) -> Outcome:
        planner = self._planner()
        planned = self._plan_all(planner)
        results: list[ProposalResult] = []
        errors: list[GitOpsError] = []
        for item in planned:
            try:
                results.append(self._settle(planner, item))
            except GitOpsError as error:
                errors.append(error)
        if errors and not results:
            raise errors[0]
        return bump_outcome(self.inputs, self.ports.texts, planned, results, errors)

    def _planner(self) -> Planner:
        base = self._read_base()
        keep = make_keep(self.requested.changes, self.requested.sets)
        content = CommitContent(
            self.ports.store,
            commit=base.tip.commit,
            config=base.config,
            applications=applications_of(self.inputs, self.requested, base.config),
            keep=keep,
        )
        return Planner(inputs=self.inputs, ports=self.ports, base=base, content=content)

    def _read_base(self) -> Base:
        return read_base(self.ports.store, branch=self.inputs.base, config=self.inputs.config)

    def _plan_all(self, planner: Planner) -> list[PlannedEnvironment]:
        """Every environment, before anything is written.

        An environment that was not asked for by name and has nothing to edit is passed over, as
        long as another one has.
        """
        environments = select_environments(planner.base.config, self.inputs.environment)
        planned, nothing = [], []
        for environment in environments:
            try:
                planned.append(planner.plan(environment, self.requested))
            except NoMatchError as error:
                nothing.append(error)
        if nothing and (self.inputs.environment or not planned):
            raise nothing[0]
        return planned

    def _settle(self, planner: Planner, planned: PlannedEnvironment) -> ProposalResult:
        """Write one environment, planning again as long as something moves under us."""
        for current in self._tries(planner, planned):
            try:
                return self._write(*current)
            except ConflictError as error:
                conflict = error
        raise conflict

    def _tries(
        self, planner: Planner, planned: PlannedEnvironment
    ) -> Iterator[tuple[Planner, PlannedEnvironment]]:
        yield planner, planned
        for attempt in range(1, ATTEMPTS):
            self.ports.clock.pause(attempt)
            renewed = self._planner()
            yield renewed, renewed.plan(planned.environment, self.requested)

    def _write(self, planner: Planner, planned: PlannedEnvironment) -> ProposalResult:
        if self.inputs.mode == "pull-request":
            return self._propose(planner, planned)
        if planned.held:
            raise planned.held
        if planned.frozen and self.inputs.mode == "commit":
            raise on_hold(planned.frozen, planned.environment.name, planned.environment.name)
        if not planned.plan.edits:
            reason = f"{planned.view.base or 'the checkout'} describes this already"
            return ProposalResult(view=planned.view, reason=reason)
        if self.inputs.dry_run:
            return ProposalResult(view=planned.view, reason="dry run: nothing was written")
        return self._commit(planner, planned)

    def _commit(self, planner: Planner, planned: PlannedEnvironment) -> ProposalResult:
        """Straight onto the base branch, or into the files of the checkout."""
        tip = planner.base.tip
        commit = NewCommit(
            branch=tip.branch,
            expected=tip.commit,
            parent=tip.commit,
            changes=planned.plan.edits,
            message=self.ports.texts.commit_message(planned.view),
        )
        written = self.ports.store.write(commit)
        return ProposalResult(view=planned.view, branch=tip.branch, commit=written, written=True)

    def _propose(self, planner: Planner, planned: PlannedEnvironment) -> ProposalResult:
        forge = self.ports.forge
        if forge is None:
            raise UsageError("`mode: pull-request` needs a token", fix="give `token`")
        client = PullRequestClient(
            forge=forge,
            texts=self.ports.texts,
            inputs=self.inputs,
            environment=planned.environment,
        )
        client.refuse_unguarded_auto_merge(planned.view.base)
        facts = forge.branch(
            name=self.ports.texts.branch(planned.view),
            base=planned.view.base,
            base_oid=planner.base.tip.commit,
            paths=tuple(planned.plan.edits),
        )
        refuse_blocked(facts)
        images = tuple(change.target for change in self.requested.changes)
        requested = ProposedChange(images=images, sets=planned.view.sets)
        found = discovered(
            facts, base=planned.view.base, requested=requested, reopen=self.inputs.reopen
        )
        proposal = Proposal(
            planner=planner, planned=planned, client=client, facts=facts, discovered=found
        )
        return proposal.act()
