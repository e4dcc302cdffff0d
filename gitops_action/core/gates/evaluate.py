"""All gates of one environment. To add a gate: a module with its rule, and a line in `GATES`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from gitops_action.core.config.resolved import Environment, Gates
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates import (
    after,
    approvals,
    checks,
    holds,
    http,
    provenance,
    soak,
    validation,
    windows,
)
from gitops_action.core.gates.model import GateName, GateResult
from gitops_action.core.gates.rollback import SKIPPED, RollbackCause, approvals_of_rollback
from gitops_action.core.gates.touches import Cause
from gitops_action.core.gates.versions import ImageMove, Predecessor

Scope = Literal["change", "rollback", "hold", "unhold"]
"""What a pull request does to an environment: adding a hold needs no gate but `validate`, removing
one needs the approvals as well, and a rollback with a cause skips some gates."""

OVERRIDABLE: frozenset[GateName] = frozenset(
    {"after", "soak", "windows", "approvals", "checks", "http", "provenance"}
)
"""Gates that a person with the right may override; never `validate` and `hold`."""


@dataclass(frozen=True, kw_only=True)
class GateFacts:
    """Everything that the gates of one environment are evaluated by.

    Attributes:
        environment: as the base configures it.
        causes: why the pull request touches it.
        moves: the images that it changes there.
        rollback: why a rollback is granted; None for every other change.
        now: the moment of the evaluation.
        validation: what this run's validation found.
        holds: every hold.
        records: the environment's own deployments.
        predecessors: the environments of `after`.
        approvals: reviews, and who may approve.
        checks: of the head commit.
        http: answers of the addresses that are asked.
        provenance: attestations of the images that it brings in.
        overridden: gates that are overridden for this change hash.
    """

    environment: Environment
    causes: frozenset[Cause]
    moves: tuple[ImageMove, ...] = ()
    rollback: RollbackCause | None = None
    now: datetime
    validation: validation.ValidationFacts
    holds: holds.HoldFacts
    records: tuple[EvaluatedRecord, ...] = ()
    predecessors: tuple[Predecessor, ...] = ()
    approvals: approvals.ApprovalFacts = field(default_factory=approvals.ApprovalFacts)
    checks: checks.CheckFacts = field(default_factory=checks.CheckFacts)
    http: http.HttpFacts = field(default_factory=http.HttpFacts)
    provenance: provenance.ProvenanceFacts = field(default_factory=provenance.ProvenanceFacts)
    overridden: frozenset[GateName] = frozenset()

    @property
    def gates(self) -> Gates:
        """The configured gates; none where the environment has none."""
        return self.environment.gates or Gates()

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name


Gate = Callable[[GateFacts], GateResult | None]
"""None: the environment has no such gate."""

GATES: Mapping[GateName, Gate] = {
    "validate": lambda facts: validation.evaluate(facts.name, facts.validation),
    "hold": lambda facts: holds.evaluate(
        facts.name,
        facts.moves,
        facts.holds,
        rollback=facts.rollback is not None,
        newest=facts.records,
    ),
    "after": lambda facts: after.evaluate(facts.name, facts.moves, facts.predecessors, facts.holds),
    "soak": lambda facts: soak.evaluate(
        facts.name, facts.gates.soak, facts.moves, facts.predecessors, facts.now
    ),
    "windows": lambda facts: windows.evaluate(facts.name, facts.gates.windows, facts.now),
    "approvals": lambda facts: approvals.evaluate(
        facts.name,
        approvals_of_rollback(facts.environment) if facts.rollback else facts.gates.approvals,
        facts.approvals,
    ),
    "checks": lambda facts: checks.evaluate(facts.name, facts.gates.checks, facts.checks),
    "http": lambda facts: http.evaluate(facts.name, facts.gates.http, facts.http),
    "provenance": lambda facts: provenance.evaluate(
        facts.name, facts.gates.provenance, facts.moves, facts.provenance
    ),
}
"""In the order in which they are shown."""


def scope_of(causes: Collection[Cause], *, rollback: bool = False) -> Scope:
    """What a pull request does to an environment, by why it touches it."""
    if rollback:
        return "rollback"
    if causes and set(causes) <= {"hold-added", "hold-removed"}:
        return "unhold" if "hold-removed" in causes else "hold"
    return "change"


_OF_SCOPE: Mapping[Scope, frozenset[GateName]] = {
    "change": frozenset(GATES),
    "rollback": frozenset(GATES) - SKIPPED,
    "hold": frozenset({"validate"}),
    "unhold": frozenset({"validate", "approvals"}),
}


def evaluate(facts: GateFacts) -> tuple[GateResult, ...]:
    """The result of each gate that the environment has for such a change, in their order."""
    asked = _OF_SCOPE[scope_of(facts.causes, rollback=facts.rollback is not None)]
    found = (gate(facts) for name, gate in GATES.items() if name in asked)
    return tuple(_overridden(one, facts) for one in found if one)


def _overridden(result: GateResult, facts: GateFacts) -> GateResult:
    wanted = result.gate in facts.overridden and result.gate in OVERRIDABLE
    return replace(result, overridden=True) if wanted and not result.passed else result
