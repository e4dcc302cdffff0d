"""The gate `validate`: what the change renders to is valid, and merges into the base's tip."""

from __future__ import annotations

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateResult, plural


@dataclass(frozen=True, kw_only=True)
class ValidationFacts:
    """What a validation by this run found; what the pull request's own run said does not count.

    Attributes:
        errors: sentences, the worst first; warnings and what the base has as well are left out.
        conflicts: files that cannot be merged into the base's tip.
        unread: why it could not be determined; empty when it was.
    """

    errors: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    unread: str = ""


def evaluate(environment: str, facts: ValidationFacts) -> GateResult:
    """A conflict is certain whatever else is wrong; then errors; then what is unknown."""
    if facts.conflicts:
        more = f" and {len(facts.conflicts) - 1} more" if len(facts.conflicts) > 1 else ""
        return GateResult(
            gate="validate",
            environment=environment,
            word="refuse",
            reason=f"{facts.conflicts[0]}{more} cannot be merged into the base",
            code="merge-conflict",
        )
    if facts.errors:
        first, *rest = facts.errors
        return GateResult(
            gate="validate",
            environment=environment,
            word="refuse",
            reason=f"{plural(len(facts.errors), 'error')}: {first}" if rest else first,
            code="invalid",
        )
    if facts.unread:
        return GateResult(
            gate="validate",
            environment=environment,
            word="unknown",
            reason=f"the change could not be validated: {facts.unread}",
            code="validation-unknown",
        )
    return GateResult(
        gate="validate", environment=environment, word="pass", reason="valid", code="valid"
    )
