"""`gate`: decides on every open pull request, by the default branch's rules and code.

Reads the base's tip, its configuration and holds; lists the open pull requests, the event's first;
evaluates each; merges those that may merge, each after it was read and evaluated again; and says
what was found in statuses and in one comment each. Any number of runs, in any order, comes to the
same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.cache import ChangeMemory
from gitops_action.commands.gate.change import ChangeReader
from gitops_action.commands.gate.evaluate import EvaluatedPull, Evaluator
from gitops_action.commands.gate.facts import RunFacts
from gitops_action.commands.gate.merge import Merger
from gitops_action.commands.gate.merge_queue import QueueKeeper, with_outcome
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.publish import Publisher, WriteBudget
from gitops_action.commands.render import FolderRenders
from gitops_action.core.config import load_config, read_holds
from gitops_action.core.config.document import written
from gitops_action.core.config.hold_files import is_hold_file
from gitops_action.core.gates.holds import unreadable_holds
from gitops_action.core.gates.job_token import QUEUE_REASON, teams_named, unreadable_teams
from gitops_action.core.gates.merge_queue import MergeQueueState
from gitops_action.core.gates.open_pull_request import (
    OpenPullRequest,
    OpenPullRequests,
    event_subject,
)
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.report.gate import waiting_of
from gitops_action.errors import GitOpsError, UsageError

MOST_WRITES = 60
"""Of a run: GitHub refuses more than 80 content-creating requests a minute."""

ROUNDS = 5
"""How often the pull requests are evaluated again after a merge has moved the base."""


def run(inputs: GateInputs, ports: GatePorts) -> Outcome:
    """Evaluate, publish, merge.

    Raises:
        GitOpsError: the base, its configuration or the list of pull requests cannot be read.
    """
    base = inputs.base or ports.pull_requests.default_branch()
    state = load_base(inputs, ports, base)
    checks = any(one.gates and one.gates.checks for one in state.config.environments)
    listing = ports.pull_requests.open(base, checks=checks)
    with FolderRenders(ports.trees, ports.workshop.renderer(state.config.validate)) as renders:
        return GateRun(inputs, ports, listing, renders, state).run()


def load_base(inputs: GateInputs, ports: GatePorts, branch: str) -> BaseState:
    """Read what steers the gate from the base's tip.

    Raises:
        GitOpsError: the configuration cannot be read.
    """
    commit = ports.trees.tip()
    tree = ports.trees.at(commit)
    paths = filter(is_hold_file, tree.files)
    files = ports.trees.read(tree, [inputs.config, *paths])
    found = files.get(inputs.config)
    config = load_config(inputs.config, found.data if found else None)
    holds = read_holds({path: file.data for path, file in files.items()}, config)
    return BaseState(
        branch=branch,
        commit=commit,
        config=config,
        holds=holds.holds,
        unreadable=unreadable_holds(holds),
        now=inputs.simulation.at or ports.clock.now(),
    )


class GateRun:
    """One run."""

    def __init__(
        self,
        inputs: GateInputs,
        ports: GatePorts,
        listing: OpenPullRequests,
        renders: FolderRenders,
        base: BaseState,
    ) -> None:
        """Take the listing and the base that the run starts from."""
        self._inputs = inputs
        self._ports = ports
        self._listing = listing
        self._renders = renders
        self._first: BaseState | None = base
        self._memory = ChangeMemory(inputs, listing)
        self._subject = event_subject(ports.job)
        self._budget = WriteBudget(left=MOST_WRITES)
        self._publisher = Publisher(ports, listing, self._budget)
        self._merged: list[EvaluatedPull] = []
        self._notices: list[Notice] = []
        self._errors: list[str] = []
        self._settled: set[int] = set()
        self._latest: dict[int, EvaluatedPull] = {}
        self._keeper: QueueKeeper | None = None
        self._waiting: MergeQueueState | None = None
        self._unread_queue = ""
        self._outcomes: dict[int, str] = {}

    def run(self) -> Outcome:
        """Evaluate all, merge what may merge, and publish the rest."""
        self._refuse_teams()
        self._read_queue()
        pulls = self._chosen()
        found: list[EvaluatedPull] = []
        for _ in range(ROUNDS):
            found = self._evaluated(pulls)
            gone = self._merge(found)
            pulls = [pull for pull in pulls if pull.number not in gone]
            found = [one for one in found if one.pull.number not in gone]
            if not gone:
                break
        self._deploy_merged()
        if self._keeper and self._waiting:
            self._notices += self._keeper.keep(self._waiting)
        self._plan_again(found)
        self._publish([self._told(one) for one in found])
        return self._outcome([self._latest.get(one.pull.number, one) for one in found])

    def _evaluated(self, pulls: Sequence[OpenPullRequest]) -> list[EvaluatedPull]:
        """What an earlier run rendered and validated is taken over where it still holds.

        It is enough to wait by. What would say something new is evaluated whole.
        """
        evaluator = self._evaluator()
        known = {pull.number: evaluator.remembered(pull) for pull in pulls}
        taken = {
            number: one
            for number, one in known.items()
            if one and (not one.partly or self._publisher.says_the_same(one))
        }
        self._fetch(evaluator, [pull for pull in pulls if pull.number not in taken])
        return [taken.get(pull.number) or evaluator.evaluate(pull) for pull in pulls]

    def _fetch(self, evaluator: Evaluator, pulls: Sequence[OpenPullRequest]) -> None:
        if pulls:
            self._ports.trees.fetch(evaluator.base, [pull.head for pull in pulls])

    def _chosen(self) -> list[OpenPullRequest]:
        """The event's first, then the oldest."""
        number = self._inputs.pull_request
        pulls = list(self._listing.pull_requests)
        if number is not None:
            pulls = [pull for pull in pulls if pull.number == number]
            if not pulls:
                raise UsageError(
                    f"#{number} is no open pull request for `{self._listing.base}`",
                    fix="correct `pull-request`",
                )
        return sorted(pulls, key=lambda pull: (not self._subject.names(pull), pull.number))

    def evaluator(self, pulls: Sequence[OpenPullRequest]) -> Evaluator:
        """What evaluates at the base's tip of this moment, by records of this moment.

        Raises:
            GitOpsError: the base cannot be read.
        """
        evaluator = self._evaluator()
        self._fetch(evaluator, pulls)
        return evaluator

    def _evaluator(self) -> Evaluator:
        base = self._first or load_base(self._inputs, self._ports, self._listing.base)
        self._first = None
        reader = ChangeReader(
            self._ports.trees,
            self._ports.workshop,
            base.config,
            repository=self._inputs.repository,
            branch=base.branch,
            config_path=self._inputs.config,
            verify=self._inputs.verify,
            renders=self._renders,
        )
        facts = RunFacts(self._ports, base, reader, self._listing, self._inputs.simulation)
        return Evaluator(self._ports, base, reader, facts, self._memory.at(base, reader))

    def _merge(self, found: Sequence[EvaluatedPull]) -> set[int]:
        """Merge what may merge; the numbers of those that are open no longer."""
        if self._inputs.merge == "never" or self._inputs.dry_run:
            return set()
        merger = Merger(
            self._ports,
            self._publisher,
            self.evaluator,
            self._budget,
            self._ports.queue if self._waiting is not None else None,
        )
        gone = set()
        for one in found:
            if not one.merges or one.pull.number in self._settled or self._waits(one):
                continue
            self._settled.add(one.pull.number)
            try:
                result = merger.merge(one)
            except GitOpsError as error:
                self._errors.append(f"#{one.pull.number} was not merged: {error}")
                continue
            self._notices += result.notices
            if result.latest:
                self._latest[one.pull.number] = result.latest
            if result.merged:
                self._merged.append(one)
            if result.merged or result.gone:
                gone.add(one.pull.number)
        return gone

    def _waits(self, found: EvaluatedPull) -> bool:
        """Whether it is in the merge queue already, or has to stay out of it."""
        number = found.pull.number
        if self._waiting is None or self._keeper is None:
            return False
        if self._unread_queue or number in self._waiting.entries:
            self._outcomes[number] = self._unread_queue or "put into the merge queue"
            return True
        try:
            self._outcomes[number] = self._keeper.stays_out(found.pull)
        except GitOpsError as error:
            self._errors.append(f"#{number} was not put into the merge queue: {error}")
            return True
        return bool(self._outcomes[number])

    def _read_queue(self) -> None:
        """What waits in the merge queue; where it cannot be read, nothing is put in."""
        queue = self._ports.queue
        if queue is None or self._inputs.merge == "never" or self._inputs.dry_run:
            return
        self._keeper = QueueKeeper(self._ports, queue, self._listing, self.evaluator, self._budget)
        try:
            self._waiting = queue.read(self._listing.base)
            if self._waiting is not None and self._listing.by_job_token:
                self._leave_queue(QUEUE_REASON)
        except GitOpsError as error:
            fix = "give the gate's App `merge_queues: write`"
            by_app = f"the merge queue cannot be read: {error}; {fix}"
            self._leave_queue(QUEUE_REASON if self._listing.by_job_token else by_app)

    def _leave_queue(self, error: str) -> None:
        """Put nothing in, and merge nothing past it."""
        self._waiting = MergeQueueState()
        self._unread_queue = "not put into the merge queue, which the gate cannot use"
        self._errors.append(error)

    def _refuse_teams(self) -> None:
        """With the job's token a rule that names teams can never be met."""
        if self._listing.by_job_token and self._first is not None:
            config = self._first.config
            self._errors += [
                f"{config.path}: {written(path)}: {unreadable_teams(teams)}"
                for path, teams in teams_named(config)
            ]

    def _deploy_merged(self) -> None:
        """Start what GitHub does not: a push by the job's token wakes no workflow."""
        start = self._ports.start_workflow
        if not self._listing.by_job_token or start is None:
            return
        for workflow in dict.fromkeys(one for pull in self._merged for one in pull.deployed_by):
            try:
                start(workflow, ref=self._listing.base)
            except GitOpsError as error:
                self._errors.append(f"what was merged is not being deployed: {error}")
                continue
            text = f"{workflow} was started: GitHub starts nothing for a merge by the job's token"
            self._notices.append(Notice(level="notice", text=text))

    def _plan_again(self, found: Sequence[EvaluatedPull]) -> None:
        """Let `bump` rebuild pull requests of ours that the base has moved away from.

        It proposes and merges nothing: the next run evaluates what it made. Of a person's the
        comment says what conflicts.
        """
        replan = self._ports.replan
        if replan is None or self._inputs.dry_run or self._inputs.merge == "never":
            return
        for one in found:
            declared = one.proof.declared
            if not one.conflicted or declared is None or len(declared.environments) != 1:
                continue
            if not self._budget.spend():
                return
            number = one.pull.number
            try:
                done = replan(environment=declared.environments[0], images=declared.images)
            except GitOpsError as error:
                text = f"#{number} is in conflict, and could not be planned again: {error}"
                self._notices.append(Notice(level="warning", text=text))
                continue
            text = f"#{number} was in conflict, and was planned again: {done}"
            self._notices.append(Notice(level="notice", text=text))

    def _told(self, found: EvaluatedPull) -> EvaluatedPull:
        """With what became of it in the merge queue; whole where the comment has to say so."""
        said = with_outcome(found, self._outcomes.get(found.pull.number, ""))
        if not said.partly or self._publisher.says_the_same(said):
            return said
        return with_outcome(self.evaluator([found.pull]).evaluate(found.pull), said.report.outcome)

    def _publish(self, found: Sequence[EvaluatedPull]) -> None:
        """The most urgent first; what the budget leaves out is named, and the next run's."""
        if self._inputs.dry_run:
            return
        late = []
        rest = [one for one in found if one.pull.number not in self._settled]
        for one in sorted(rest, key=self._urgency):
            try:
                whole = self._publisher.publish(one)
            except GitOpsError as error:
                self._errors.append(f"#{one.pull.number} was not published: {error}")
                continue
            if not whole:
                late.append(f"#{one.pull.number}")
        for one in rest:
            try:
                self._publisher.refresh(one)
            except GitOpsError as error:
                text = f"#{one.pull.number} is evaluated again by the next run: {error}"
                self._notices.append(Notice(level="warning", text=text))
        if late:
            text = f"{len(late)} pull requests are left to the next run: {', '.join(late)}"
            self._notices.append(Notice(level="warning", text=text))

    def _urgency(self, found: EvaluatedPull) -> tuple[bool, bool, bool, int]:
        """The event's; those without any status; those whose gates are open; the oldest."""
        return (
            not self._subject.names(found.pull),
            bool(found.pull.statuses),
            not found.report.ready,
            found.pull.number,
        )

    def _outcome(self, found: Sequence[EvaluatedPull]) -> Outcome:
        reports = [replace(one.report, outcome="merged") for one in self._merged]
        reports += [one.report for one in found]
        ready = [one.report.number for one in found if one.report.ready]
        merged = [one.report.number for one in self._merged]
        waiting = [each for one in found for each in waiting_of(one.report)]
        failed = [f"#{one.pull.number}: {one.failed}" for one in found if one.failed]
        errors = [*self._errors, *failed]
        return Outcome(
            outputs={
                "ready": json.dumps(ready),
                "merged": json.dumps(merged),
                "waiting": json.dumps(waiting),
            },
            headline=f"{len(merged)} merged, {len(ready)} ready, {len(found) - len(ready)} waiting",
            lines=tuple(f"#{one.number}: {one.verdict.text}" for one in reports),
            summary=self._ports.texts.summary(reports),
            notices=(
                *self._notices,
                *(Notice(level="error", text=text) for text in errors),
            ),
            data={"ready": ready, "merged": merged, "waiting": waiting},
            exit_code=1 if errors else 0,
        )
