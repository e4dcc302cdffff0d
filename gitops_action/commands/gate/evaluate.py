"""Evaluates one pull request: what it changes, its gates, and who may merge it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_action.commands.gate.change import ChangeReader, MergedChange, ValidatedChange
from gitops_action.commands.gate.facts import BaseState, RunFacts
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.reexecute import BRANCHES, Proof, prove
from gitops_action.core.config import Environment
from gitops_action.core.config.resolved import Approvals, Gates
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.evaluate import GateFacts, evaluate, scope_of
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.core.gates.validation import ValidationFacts
from gitops_action.core.gates.validation import evaluate as evaluate_validation
from gitops_action.core.gates.verdict import Verdict, environment_verdict, ready_verdict
from gitops_action.core.gates.versions import Predecessor
from gitops_action.core.pull_requests import MergeMethod
from gitops_action.core.report.gate import GateReport, MergePlan
from gitops_action.core.repository import MergeConflictError
from gitops_action.core.trailers import ProposalTrailers, declared_by
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class EvaluatedPull:
    """One pull request with its verdicts.

    Attributes:
        pull: as it was read.
        report: for people, statuses and outputs.
        change: what it changes; None where that is not known.
        proof: whether it is one of ours.
        method: how the gate would merge it.
        failed: why it could not be evaluated; empty when it was.
    """

    pull: OpenPullRequest
    report: GateReport
    change: MergedChange | None = None
    proof: Proof
    method: MergeMethod = "merge"
    failed: str = ""

    @property
    def merges(self) -> bool:
        """Whether the gate merges it now."""
        return self.report.ready and self.report.plan == "by-itself"

    @property
    def conflicted(self) -> bool:
        """Whether it cannot be merged into the base."""
        return self.report.verdict.word == "conflict"


class Evaluator:
    """Evaluates pull requests at one base."""

    def __init__(
        self, ports: GatePorts, base: BaseState, reader: ChangeReader, facts: RunFacts
    ) -> None:
        """Take the base, and what reads facts."""
        self._ports = ports
        self._base = base
        self._reader = reader
        self._facts = facts

    def evaluate(self, pull: OpenPullRequest) -> EvaluatedPull:
        """Evaluate it. What could not be determined is closed."""
        try:
            change = self._reader.change(base=self._base.commit, head=pull.head, now=self._base.now)
            return self._evaluated(pull, change)
        except MergeConflictError as error:
            return self._alone(pull, ValidationFacts(conflicts=error.files))
        except GitOpsError as error:
            found = self._alone(pull, ValidationFacts(unread=str(error)))
            return replace(found, failed=str(error))

    def _alone(self, pull: OpenPullRequest, facts: ValidationFacts) -> EvaluatedPull:
        """What it touches is not known: the pull request as a whole is closed."""
        verdict = environment_verdict("", (evaluate_validation("", facts),), draft=pull.draft)
        proof = self._hinted(pull)
        return EvaluatedPull(
            pull=pull, report=self._report(pull, verdict=verdict, plan="none"), proof=proof
        )

    def _hinted(self, pull: OpenPullRequest) -> Proof:
        """What a pull request that cannot be merged declares."""
        if pull.fork or not pull.branch.startswith(BRANCHES):
            return Proof(ours=False)
        return Proof(ours=False, declared=declared_by(ProposalTrailers(body=pull.body)))

    def _evaluated(self, pull: OpenPullRequest, change: MergedChange) -> EvaluatedPull:
        proposal = ProposalTrailers(
            number=pull.number,
            head=pull.head,
            base=pull.base,
            body=pull.body,
            messages=self._ports.trees.messages(base=self._base.commit, head=pull.head),
        )
        validated = self._reader.validate(change, proposal)
        verdicts = tuple(
            self._verdict(environment, pull, change, validated)
            for environment in self._base.config.environments
            if environment.name in change.causes
        )
        verdict = ready_verdict(verdicts, draft=pull.draft)
        if not verdicts and (errors := validated.errors("")):
            result = evaluate_validation("", ValidationFacts(errors=errors))
            verdict = environment_verdict("", (result,), draft=pull.draft)
        proof = self._proof(pull, proposal, change)
        report = self._report(
            pull,
            verdict=verdict,
            plan=self._plan(change, verdicts, proof),
            environments=verdicts,
            change=change,
            validated=validated,
        )
        return EvaluatedPull(
            pull=pull,
            report=report,
            change=change,
            proof=proof,
            method=next((one.merge_method for one in self._touched(change)), "merge"),
        )

    def _touched(self, change: MergedChange) -> list[Environment]:
        return [one for one in self._base.config.environments if one.name in change.causes]

    def _verdict(
        self,
        environment: Environment,
        pull: OpenPullRequest,
        change: MergedChange,
        validated: ValidatedChange,
    ) -> Verdict:
        results = evaluate(self._gate_facts(environment, pull, change, validated))
        return environment_verdict(environment.name, results, draft=pull.draft)

    def _gate_facts(
        self,
        environment: Environment,
        pull: OpenPullRequest,
        change: MergedChange,
        validated: ValidatedChange,
    ) -> GateFacts:
        causes = change.causes[environment.name]
        moves = change.moves.get(environment.name, ())
        gates = environment.gates or Gates()
        promoted = bool(moves) and bool(environment.after) and scope_of(causes) == "change"
        asks = scope_of(causes) in {"change", "unhold"} or bool(pull.reviews)
        return GateFacts(
            environment=environment,
            causes=causes,
            moves=moves,
            now=self._base.now,
            validation=ValidationFacts(
                errors=validated.errors(environment.name),
                unread=change.incomplete(environment.name),
            ),
            holds=self._facts.holds(change),
            records=self._facts.records(environment, newest=2) if moves else (),
            predecessors=self._facts.predecessors(environment)
            if promoted
            else tuple(Predecessor(environment=name) for name in environment.after),
            approvals=self._facts.approvals(_needed(gates.approvals, asks=asks), pull, change),
            checks=self._facts.checks(environment, pull),
            http=self._facts.http(environment),
        )

    def _proof(
        self, pull: OpenPullRequest, proposal: ProposalTrailers, change: MergedChange
    ) -> Proof:
        if pull.fork or not pull.branch.startswith(BRANCHES):
            return Proof(ours=False, reason="its branch is none of ours")
        return prove(
            proposal,
            change.sides,
            base=self._base.commit,
            config=self._base.config,
            trees=self._ports.trees,
        )

    def _plan(self, change: MergedChange, verdicts: Iterable[Verdict], proof: Proof) -> MergePlan:
        """Who merges; nothing that a person proposes is merged by the gate alone."""
        if change.by_hand:
            return "by-hand"
        touched = self._touched(change)
        if not touched or not list(verdicts):
            return "none"
        if not proof.ours:
            return "foreign"
        return "by-itself" if all(one.merge == "auto" for one in touched) else "manual"

    def _report(  # noqa: PLR0913 - the parts of a report
        self,
        pull: OpenPullRequest,
        *,
        verdict: Verdict,
        plan: MergePlan,
        environments: tuple[Verdict, ...] = (),
        change: MergedChange | None = None,
        validated: ValidatedChange | None = None,
    ) -> GateReport:
        return GateReport(
            number=pull.number,
            url=pull.url,
            title=pull.title,
            head=pull.head,
            base=self._base.commit,
            digest=change.hash.digest if change else "",
            verdict=verdict,
            environments=environments,
            moves=change.moves if change else {},
            validation=validated.environments if validated else (),
            plan=plan,
            now=self._base.now,
            job=self._ports.job,
        )


def _needed(rule: Approvals, *, asks: bool) -> Approvals:
    """The rule; without its count where the change needs no approval there."""
    return rule if asks else replace(rule, count=0)
