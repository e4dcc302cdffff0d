"""What a promotion reports, and what a person at a terminal decides on."""

from __future__ import annotations

import json
from collections.abc import Iterable

from gitops_action.core.dataclass import dataclass
from gitops_action.core.outcome import Line, Notice, Outcome
from gitops_action.core.promotion.select import Choice
from gitops_action.core.report.bump import PromotionView
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class PromotionResults:
    """What was done with the choices of a run.

    Attributes:
        choices: all of them, also those that propose nothing.
        outcomes: of those that were proposed.
        failed: what could not be proposed, with its error.
        notes: what a person should know.
    """

    choices: tuple[Choice, ...]
    outcomes: tuple[Outcome, ...] = ()
    failed: tuple[tuple[Choice, GitOpsError], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def waiting(self) -> tuple[Choice, ...]:
        """Choices that propose nothing."""
        return tuple(one for one in self.choices if not one.moves)


def title(choice: Choice) -> str:
    """`web v1.2.3 to production`."""
    versions = ", ".join(dict.fromkeys(str(move) for move in choice.moves)) or choice.application
    return f"{versions} to {choice.environment}"


def question(views: Iterable[tuple[Choice, PromotionView]]) -> str:
    """Everything that would change, and everything else that differs."""
    return "\n".join(line for choice, view in views for line in _shown(choice, view))


def _shown(choice: Choice, view: PromotionView) -> tuple[str, ...]:
    since = f" since {view.since:%Y-%m-%d %H:%MZ}" if view.since else ""
    lines = [f"{choice.environment} {choice.application}, verified in {view.source}{since}"]
    lines += [f"  {move.before} → {move.after}" for move in choice.moves]
    if view.differences:
        lines.append(f"  also differs from {view.source}:")
        lines += [f"    {line}" for line in view.differences]
    return tuple(lines)


def promotion_outcome(results: PromotionResults) -> Outcome:
    """The outcome of a run: the same outputs as those of `bump`.

    Raises:
        GitOpsError: the only thing that was tried has failed.
    """
    if len(results.failed) == 1 and not results.outcomes:
        raise results.failed[0][1]
    outcomes = results.outcomes
    pulls = [pull for one in outcomes for pull in json.loads(one.outputs["pull-requests"])]
    count = sum(one.outputs["changed"] == "true" for one in outcomes)
    outputs = dict(outcomes[0].outputs) if outcomes else {"plan": "[]"}
    outputs |= {"pull-requests": json.dumps(pulls), "changed": json.dumps(count > 0)}
    return Outcome(
        outputs=outputs,
        headline=_headline(count),
        lines=(*(line for one in outcomes for line in one.lines), *_waiting(results)),
        summary="\n\n".join(one.summary for one in outcomes),
        notices=(*(notice for one in outcomes for notice in one.notices), *_notices(results)),
        data={"pull-requests": pulls, "waiting": [_document(one) for one in results.waiting]},
        exit_code=1 if results.failed else 0,
    )


def _headline(count: int) -> str:
    if not count:
        return "nothing to promote"
    return f"{count} promotion{'s' * (count != 1)} proposed or refreshed"


def _waiting(results: PromotionResults) -> tuple[Line, ...]:
    return tuple(f"{one.environment} {one.application}: {one.reason}" for one in results.waiting)


def _notices(results: PromotionResults) -> tuple[Notice, ...]:
    notes = (Notice(level="notice", text=note) for note in results.notes)
    errors = (
        Notice(level="error", text=f"{title(choice)}: {error}", location=error.location)
        for choice, error in results.failed
    )
    return (*notes, *errors)


def _document(choice: Choice) -> dict[str, str]:
    return {
        "environment": choice.environment,
        "application": choice.application,
        "reason": choice.reason,
        "code": choice.code,
    }
