"""Evaluates one pull request: what it changes, its gates, and who may merge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.cache import ChangeCache, KnownChange
from gitops_action.commands.gate.change import (
    ChangeReader,
    JudgedChange,
    MergedChange,
    ValidatedChange,
)
from gitops_action.commands.gate.facts import RunFacts, StatedDecisions
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.reexecute import BRANCHES, Proof, Reexecution
from gitops_action.commands.gate.rollback import RollbackClaims
from gitops_action.core.config import Environment
from gitops_action.core.config.resolved import Approvals, Gates, Override
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.change_cache import RememberedChange
from gitops_action.core.gates.decisions import (
    Overrides,
    merging,
    overrides_of,
    readable_teams,
)
from gitops_action.core.gates.evaluate import GateFacts, evaluate, scope_of
from gitops_action.core.gates.job_token import WEAKER
from gitops_action.core.gates.model import GateResult
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.core.gates.provenance import ProvenanceFacts
from gitops_action.core.gates.rollback import (
    RollbackCause,
    approvals_of_rollback,
)
from gitops_action.core.gates.validation import ValidationFacts
from gitops_action.core.gates.validation import evaluate as evaluate_validation
from gitops_action.core.gates.verdict import Verdict, environment_verdict, ready_verdict
from gitops_action.core.gates.versions import ImageMove, Predecessor
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
        entry: what the next run may take over; None where it has to evaluate it again.
        deployed_by: the workflow files that deploy what it changes.
        partly: an earlier run rendered and validated it: nothing is merged by that, and its
            differences are not at hand.
    """

    pull: OpenPullRequest
    report: GateReport
    change: MergedChange | None = None
    proof: Proof
    method: MergeMethod = "merge"
    failed: str = ""
    entry: RememberedChange | None = None
    deployed_by: tuple[str, ...] = ()
    partly: bool = False

    @property
    def merges(self) -> bool:
        """Whether the gate merges it now."""
        return self.report.ready and self.report.plan == "by-itself"

    @property
    def conflicted(self) -> bool:
        """Whether it cannot be merged into the base."""
        return self.report.verdict.word == "conflict"


@dataclass(frozen=True, kw_only=True)
class TouchedEnvironment:
    """An environment that a pull request touches; `rollback` is why it may go back there."""

    environment: Environment
    rollback: RollbackCause | None = None

    @property
    def merges_alone(self) -> bool:
        """By `merge`; a rollback by `rollback.mode`, one that a person asked for by either."""
        by_mode = self.rollback is not None and self.environment.rollback.mode == "auto"
        if self.rollback is not None and self.rollback.kind == "failed-deployment":
            return by_mode
        return by_mode or self.environment.merge == "auto"


@dataclass(frozen=True, kw_only=True)
class JudgedGroup:
    """A pull request in a merge group: its change hash there, what is wrong, what it removes."""

    digest: str = ""
    problem: str = ""
    removed: frozenset[str] = frozenset()


class Evaluator:
    """Evaluates pull requests at one base."""

    def __init__(
        self,
        ports: GatePorts,
        base: BaseState,
        reader: ChangeReader,
        facts: RunFacts,
        cache: ChangeCache,
    ) -> None:
        """Take the base, and what reads facts."""
        self._ports = ports
        self._base = base
        self._reader = reader
        self._facts = facts
        self._cache = cache
        self._claims = RollbackClaims(ports, base, facts)
        self._stated = StatedDecisions(ports)

    @property
    def base(self) -> str:
        """The base's tip that it evaluates at."""
        return self._base.commit

    def group(self, pull: OpenPullRequest, *, base: str, head: str) -> JudgedGroup:
        """What a pull request comes to in a merge group, which stands on other entries."""
        try:
            change = self._reader.change(base=base, head=head, now=self._base.now)
            proposal = ProposalTrailers(
                number=pull.number, head=pull.head, base=pull.base, body=pull.body
            )
            validated = self._reader.validate(change, proposal)
        except GitOpsError as error:
            return JudgedGroup(problem=f"unknown: the merge group cannot be read: {error.title}")
        names = [pair.environment.name for pair in change.pairs]
        missing = [text for name in names if (text := change.incomplete(name))]
        errors = [text for name in names or [""] for text in validated.errors(name)]
        word, found = ("invalid", errors) if errors else ("unknown", missing)
        files = change.sides
        return JudgedGroup(
            digest=change.hash.digest,
            problem=f"{word}: in the merge group, {found[0]}" if found else "",
            removed=frozenset(files.base.files.keys() - files.merged.files.keys()),
        )

    def remembered(self, pull: OpenPullRequest) -> EvaluatedPull | None:
        """Evaluate it by what was rendered and validated earlier; None where that counts no more.

        Nobody merges by it: before a merge everything is evaluated.
        """
        try:
            known = self._cache.find(pull)
            return self._by_entry(pull, known) if known else None
        except GitOpsError:
            return None

    def _by_entry(self, pull: OpenPullRequest, known: KnownChange) -> EvaluatedPull | None:
        entry = known.entry
        judged = JudgedChange(
            digest=entry.digest,
            causes=entry.causes,
            moves=entry.moves,
            by_hand=entry.by_hand,
            validated=known.validated or ValidatedChange(),
            compared=entry.compared,
            pushers=entry.pushers,
            proven=entry.proven,
            remembered=True,
        )
        pull = self._stated.resolved(pull, judged.digest)
        if any(self._cause(one, pull, judged) for one in self._of(judged)):
            return None  # that nothing else changes is not remembered
        found = self._judged(pull, judged, lambda _touched: Proof(ours=entry.ours))
        newer = self._with_reviews(entry, pull)
        return replace(found, entry=newer, partly=known.validated is None)

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
        judged = JudgedChange.of(change, validated)
        found = self._judged(
            self._stated.resolved(pull, judged.digest),
            judged,
            lambda touched: self._proof(pull, proposal, change, touched),
            change,
        )
        entry = self._cache.make(pull, change, validated, ours=found.proof.ours)
        return replace(found, change=change, entry=self._with_reviews(entry, pull))

    def _with_reviews(
        self, entry: RememberedChange | None, pull: OpenPullRequest
    ) -> RememberedChange | None:
        """The entry with what was read of reviews, added to what it has."""
        if entry is None:
            return None
        return replace(
            entry,
            compared={**entry.compared, **self._facts.compared(pull)},
            pushers=self._facts.pushers(pull) or entry.pushers,
            proven=entry.proven | self._facts.proven(pull),
        )

    def _judged(
        self,
        pull: OpenPullRequest,
        change: JudgedChange,
        prove_it: Callable[[Sequence[TouchedEnvironment]], Proof],
        merged: MergedChange | None = None,
    ) -> EvaluatedPull:
        touched = self._touched(pull, change, merged)
        verdicts = tuple(self._verdict(one, pull, change) for one in touched)
        verdict = ready_verdict(verdicts, draft=pull.draft)
        if not verdicts and (errors := change.validated.errors("")):
            result = evaluate_validation("", ValidationFacts(errors=errors))
            verdict = environment_verdict("", (result,), draft=pull.draft)
        proof = prove_it(touched)
        report = self._report(
            pull,
            verdict=verdict,
            plan=self._plan(pull, change, touched, proof),
            environments=verdicts,
            change=change,
        )
        report = replace(
            report,
            goes_back=any(one.rollback for one in touched),
            unheld=_unheld(touched, change),
        )
        return EvaluatedPull(
            pull=pull,
            report=report,
            proof=proof,
            method=next((one.environment.merge_method for one in touched), "merge"),
            deployed_by=_deployed_by(touched, change),
        )

    def _of(self, change: JudgedChange) -> tuple[Environment, ...]:
        """The environments that it touches."""
        return tuple(one for one in self._base.config.environments if one.name in change.causes)

    def _touched(
        self, pull: OpenPullRequest, change: JudgedChange, merged: MergedChange | None
    ) -> tuple[TouchedEnvironment, ...]:
        """A rollback is granted only where the change is exactly the return of its images."""
        found = []
        for one in self._of(change):
            cause = self._cause(one, pull, change)
            moves = change.moves.get(one.name, ())
            if cause and not (merged and self._claims.alone(one, merged, moves)):
                cause = None
            found.append(TouchedEnvironment(environment=one, rollback=cause))
        return tuple(found)

    def _verdict(
        self,
        touched: TouchedEnvironment,
        pull: OpenPullRequest,
        change: JudgedChange,
    ) -> Verdict:
        environment = touched.environment
        gates = environment.gates or Gates()
        overrides = overrides_of(
            pull.decisions,
            environment.name,
            change.digest,
            gates.override,
            self._teams(gates.override, pull),
        )
        facts = self._gate_facts(touched, pull, change)
        results = evaluate(replace(facts, overridden=overrides.gates))
        told = tuple(_with_void(one, overrides) for one in results)
        return environment_verdict(environment.name, told, draft=pull.draft)

    def _teams(self, rule: Override, pull: OpenPullRequest) -> Mapping[str, frozenset[str]]:
        """Today's members of the teams that may override, where anybody did."""
        if self._facts.by_job_token or not any(one.kind == "override" for one in pull.decisions):
            return {}
        return readable_teams(rule.teams, self._ports.people.members)

    def _cause(
        self, environment: Environment, pull: OpenPullRequest, change: JudgedChange
    ) -> RollbackCause | None:
        return self._claims.cause(environment, pull, change.moves.get(environment.name, ()))

    def _gate_facts(
        self,
        touched: TouchedEnvironment,
        pull: OpenPullRequest,
        change: JudgedChange,
    ) -> GateFacts:
        environment, cause = touched.environment, touched.rollback
        causes = change.causes[environment.name]
        moves = change.moves.get(environment.name, ())
        gates = environment.gates or Gates()
        rule = approvals_of_rollback(environment) if cause else gates.approvals
        promoted = bool(moves) and bool(environment.after) and scope_of(causes) == "change"
        asks = scope_of(causes) in {"change", "unhold"} or bool(pull.reviews)
        return GateFacts(
            environment=environment,
            causes=causes,
            moves=moves,
            rollback=cause,
            now=self._base.now,
            validation=ValidationFacts(
                errors=change.validated.errors(environment.name),
                unread=change.incomplete.get(environment.name, ""),
            ),
            holds=self._facts.holds(change, pull),
            records=self._facts.records(environment, newest=2) if moves else (),
            predecessors=self._facts.predecessors(environment)
            if promoted
            else tuple(Predecessor(environment=name) for name in environment.after),
            approvals=self._facts.approvals(
                _needed(rule, asks=asks),
                pull,
                change,
                asked_by=cause.asked_by if cause else "",
            ),
            checks=self._facts.checks(environment, pull, listed=change.remembered),
            http=self._facts.http(environment),
            provenance=self._facts.provenance(environment, pull, change)
            if scope_of(causes, rollback=cause is not None) == "change"
            else ProvenanceFacts(),
        )

    def _proof(
        self,
        pull: OpenPullRequest,
        proposal: ProposalTrailers,
        change: MergedChange,
        touched: Sequence[TouchedEnvironment],
    ) -> Proof:
        if pull.fork or not pull.branch.startswith(BRANCHES):
            return Proof(ours=False, reason="its branch is none of ours")
        return Reexecution(
            sides=change.sides,
            base=self._base,
            trees=self._ports.trees,
            repository=self._ports.repository,
            beside=_new_holds(change, touched),
        ).prove(proposal)

    def _plan(
        self,
        pull: OpenPullRequest,
        change: JudgedChange,
        touched: Sequence[TouchedEnvironment],
        proof: Proof,
    ) -> MergePlan:
        """Who merges; nothing that a person proposes is merged unless a person asks for it."""
        if change.by_hand:
            return "by-hand"
        if not touched:
            return "none"
        asked = merging(pull.decisions)
        if asked is not None and asked.kind == "merge-off":
            return "off"
        if asked is not None and asked.change == change.digest:
            return "by-itself"
        if not proof.ours:
            return "foreign"
        return "by-itself" if all(one.merges_alone for one in touched) else "manual"

    def _report(
        self,
        pull: OpenPullRequest,
        *,
        verdict: Verdict,
        plan: MergePlan,
        environments: tuple[Verdict, ...] = (),
        change: JudgedChange | None = None,
    ) -> GateReport:
        return GateReport(
            number=pull.number,
            url=pull.url,
            title=pull.title,
            head=pull.head,
            base=self._base.commit,
            digest=change.digest if change else "",
            verdict=verdict,
            environments=environments,
            moves=change.moves if change else {},
            validation=change.validated.environments if change else (),
            plan=plan,
            now=self._base.now,
            weaker=WEAKER if self._facts.by_job_token else (),
            job=self._ports.job,
        )


def _new_holds(change: MergedChange, touched: Sequence[TouchedEnvironment]) -> frozenset[str]:
    """The holds that a granted rollback adds beside the images that it returns."""
    granted = any(one.rollback for one in touched)
    return (granted and change.added_holds) or frozenset()


def _unheld(
    touched: Sequence[TouchedEnvironment], change: JudgedChange
) -> Mapping[str, tuple[ImageMove, ...]]:
    """The images that rollbacks replace without a hold."""
    return {
        one.environment.name: change.moves[one.environment.name]
        for one in touched
        if one.rollback and "hold-added" not in change.causes[one.environment.name]
    }


def _with_void(result: GateResult, overrides: Overrides) -> GateResult:
    """The result with why an override of this gate counts for nothing."""
    void = overrides.void_by_gate.get(result.gate, ())
    if result.passed or not void:
        return result
    found = "; ".join((result.found, *void)) if result.found else ""
    return replace(result, reason="; ".join((result.reason, *void)), found=found)


def _needed(rule: Approvals, *, asks: bool) -> Approvals:
    """The rule; without its count where the change needs no approval there."""
    return rule if asks else replace(rule, count=0)


def _deployed_by(touched: Sequence[TouchedEnvironment], change: JudgedChange) -> tuple[str, ...]:
    """The workflows that deploy it; none for what only puts holds on, or takes them off."""
    return tuple(
        dict.fromkeys(
            one.environment.deploy.workflow
            for one in touched
            if one.environment.deploy.targets
            and scope_of(change.causes[one.environment.name]) == "change"
        )
    )
