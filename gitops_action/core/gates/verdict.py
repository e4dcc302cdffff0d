"""The verdict of an environment and of a pull request, as the words of a commit status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import LONGEST_DESCRIPTION, CommitState, one_line
from gitops_action.core.gates.model import GateResult, plural

VerdictWord = Literal["conflict", "invalid", "held", "refused", "unknown", "waiting", "ready"]

ORDER: tuple[VerdictWord, ...] = (
    "conflict",
    "invalid",
    "held",
    "refused",
    "unknown",
    "waiting",
    "ready",
)
"""The most blocking first."""

READY_CONTEXT = "gitops/ready"
_STATES: dict[VerdictWord, CommitState] = {
    "unknown": "error",
    "waiting": "pending",
    "ready": "success",
}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a pull request may merge, as far as one environment or all of them are concerned.

    Attributes:
        environment: whose; empty for the pull request as a whole.
        word: the most blocking of all.
        text: of the commit status, at most 140 characters; may hold untrusted text.
        results: every gate, in their order.
    """

    environment: str = ""
    word: VerdictWord
    text: str
    results: tuple[GateResult, ...] = ()

    @property
    def state(self) -> CommitState:
        """Of the commit status: failure where only a change helps, pending where time does."""
        return _STATES.get(self.word, "failure")

    @property
    def context(self) -> str:
        """Of the commit status."""
        return f"gitops/{self.environment}" if self.environment else READY_CONTEXT


def word_of(result: GateResult) -> VerdictWord:
    """What one gate makes of the whole."""
    if result.passed:
        return "ready"
    if result.code == "merge-conflict":
        return "conflict"
    if result.word in {"unknown", "wait"}:
        return "unknown" if result.word == "unknown" else "waiting"
    if result.gate == "validate":
        return "invalid"
    return "held" if result.gate == "hold" else "refused"


def blocking(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """The gates that are closed, the most blocking first.

    Among those that wait: changes that a person requests, then those that no time opens, then the
    one that opens last.
    """
    return tuple(sorted((one for one in results if not one.passed), key=_urgency))


def _urgency(result: GateResult) -> tuple[int, bool, float]:
    opens = result.opens or _NEVER
    asked = result.code == "changes-requested"
    return ORDER.index(word_of(result)), not asked, -opens.timestamp()


def environment_verdict(
    environment: str, results: Sequence[GateResult], *, draft: bool = False
) -> Verdict:
    """What the gates of one environment come to."""
    closed = blocking(results)
    if draft:
        word: VerdictWord = "waiting"
        text = "waiting: draft"
    elif closed:
        word = word_of(closed[0])
        text = listed(word, [one.reason for one in closed])
    else:
        word = "ready"
        text = f"ready: {len(results)} of {plural(len(results), 'gate')}"
    return Verdict(environment=environment, word=word, text=text, results=tuple(results))


def ready_verdict(verdicts: Sequence[Verdict], *, draft: bool = False) -> Verdict:
    """`gitops/ready`: the worst of the environments that are touched."""
    results = tuple(result for one in verdicts for result in one.results)
    if draft:
        return Verdict(word="waiting", text="waiting: draft", results=results)
    if not verdicts:
        return Verdict(word="ready", text="ready: no environment is touched")
    if len(verdicts) == 1:
        return Verdict(word=verdicts[0].word, text=verdicts[0].text, results=results)
    closed = sorted((one for one in verdicts if one.word != "ready"), key=_rank)
    if not closed:
        text = f"ready: {plural(len(verdicts), 'environment')}"
        return Verdict(word="ready", text=text, results=results)
    items = [f"{one.environment}: {_without_word(one)}" for one in closed]
    word = closed[0].word
    return Verdict(word=word, text=listed(word, items), results=results)


def _rank(verdict: Verdict) -> tuple[int, bool, float]:
    """As its most blocking gate."""
    return _urgency(blocking(verdict.results)[0])


def _without_word(verdict: Verdict) -> str:
    return verdict.text.removeprefix(f"{verdict.word}: ")


def listed(word: str, items: Sequence[str], longest: int = LONGEST_DESCRIPTION) -> str:
    """`<word>: <first>; <second>; 3 more`: as many as fit, and how many do not."""
    flat = [one_line(item) for item in items]
    for shown in range(len(flat), 0, -1):
        rest = [f"{len(flat) - shown} more"] if shown < len(flat) else []
        text = f"{word}: {'; '.join([*flat[:shown], *rest])}"
        if len(text) <= longest:
            return text
    end = f"; {len(flat) - 1} more" if len(flat) > 1 else ""
    return f"{one_line(f'{word}: {flat[0]}', longest - len(end))}{end}"
