"""What the gate found about a pull request, as values: the views lay them out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.change_hash import SHOWN_DIGITS
from gitops_action.core.gates.evaluate import OVERRIDABLE
from gitops_action.core.gates.model import GateResult, utc
from gitops_action.core.gates.verdict import Verdict, blocking
from gitops_action.core.gates.versions import ImageMove, version_of
from gitops_action.core.outcome import Job
from gitops_action.core.redaction.known import concealed
from gitops_action.core.report.validation import EnvironmentReport, ValidationReport, context_of

MergePlan = Literal["by-itself", "manual", "by-hand", "foreign", "off", "none"]
"""Who merges: the gate; a person, as an environment says `merge: manual`; a person by hand, as
workflows change; a person, as the pull request is not one of ours; nobody, as merging is switched
off; nobody in particular, as no environment is touched."""


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """One pull request as the gate evaluated it.

    Attributes:
        number: of the pull request.
        url: its page.
        title: untrusted text.
        head: the commit that was evaluated.
        base: the base's tip that it was merged into.
        digest: the change hash; empty where it cannot be merged.
        verdict: of the pull request as a whole.
        environments: verdicts of those that are touched.
        moves: the images that change in each of them.
        goes_back: whether it is granted as a rollback.
        unheld: the images that a rollback without a hold replaces, by environment.
        validation: what they render to, and what is wrong with it.
        plan: who merges.
        method: of the merge, where the gate merges.
        now: when it was evaluated.
        outcome: what the run did beside the comment, such as `merged`.
        weaker: guarantees that the gate's token does not give, in our own words.
        job: the run.
    """

    number: int
    url: str = ""
    title: str = ""
    head: str = ""
    base: str = ""
    digest: str = ""
    verdict: Verdict
    environments: tuple[Verdict, ...] = ()
    moves: Mapping[str, tuple[ImageMove, ...]] = field(default_factory=dict)
    goes_back: bool = False
    unheld: Mapping[str, tuple[ImageMove, ...]] = field(default_factory=dict)
    validation: tuple[EnvironmentReport, ...] = ()
    plan: MergePlan = "none"
    now: datetime
    outcome: str = ""
    weaker: tuple[str, ...] = ()
    job: Job = field(default_factory=Job)

    @property
    def ready(self) -> bool:
        """Whether every gate is open."""
        return self.verdict.word == "ready"

    @property
    def short(self) -> str:
        """The digits of the change hash that are shown."""
        return self.digest[:SHOWN_DIGITS]


def fingerprint(report: GateReport) -> str:
    """Equal where the comment would say the same, apart from what only time changes in it."""
    results = [
        [one.environment, one.gate, one.word, one.code, one.reason, one.overridden]
        for one in report.verdict.results
    ]
    told = [report.digest, report.head, report.verdict.text, report.plan, report.outcome, results]
    text = json.dumps(told, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def waiting_of(report: GateReport) -> list[dict[str, object]]:
    """The closed gates, as the output `waiting` has them."""
    return [
        {
            "pull-request": report.number,
            "environment": one.environment,
            "gate": one.gate,
            "word": one.word,
            "reason": one.reason,
            "opens": one.opens.isoformat() if one.opens else None,
            "reason-code": one.code,
        }
        for one in blocking(report.verdict.results)
    ]


# The variables of the gate's views: plain text, numbers, lists and mappings.

_SIGNS = {"pass": "✅", "wait": "⏳", "refuse": "❌", "unknown": "❓"}
_WORDS = {"pass": "open", "wait": "waits", "refuse": "refused", "unknown": "unknown"}
_PLANS: Mapping[MergePlan, str] = {
    "by-itself": "Merges by itself when all gates are open.",
    "manual": "A person merges: `merge: manual` in the configuration.",
    "by-hand": "Merge by hand: workflow files change, and the gate merges no such change.",
    "foreign": "A person merges: this is not exactly what a bump of its declared images gives.",
    "off": "Merging is switched off for this pull request.",
    "none": "",
}


def gate_context_of(report: GateReport) -> dict[str, object]:
    """The variables of one pull request."""
    validation = ValidationReport(environments=report.validation)
    return {
        **context_of(validation),
        "headline": _headline(report),
        "short": report.short,
        "head": report.head,
        "base": report.base,
        "now": utc(report.now),
        "plan": _PLANS[report.plan],
        "outcome": report.outcome,
        "weaker": "; ".join(report.weaker),
        "gates": [_gate(one) for one in report.verdict.results],
        "several": len(report.environments) > 1,
        "images": [
            {
                "environment": name,
                "application": move.application,
                "name": image.name,
                "old": version_of(move.before) if move.before else "none",
                "new": version_of(move.after) if move.after else "removed",
                "digest": (move.after.digest or "") if move.after else "",
            }
            for name, moves in report.moves.items()
            for move in moves
            if (image := move.after or move.before)
        ],
        "commands": _commands(report),
        "ready": report.ready,
        "run_url": report.job.run_url,
    }


def _headline(report: GateReport) -> str:
    """`production waits for 2 of 6 gates`."""
    names = ", ".join(one.environment for one in report.environments)
    results = report.verdict.results
    closed = len(blocking(results))
    if not report.environments:
        return report.verdict.text
    if not closed:
        return f"{names} {report.verdict.text}"
    word = report.verdict.word
    waits = "waits for" if word == "waiting" else f"is {word}:"
    return f"{names} {waits} {closed} of {len(results)} gates"


def _gate(result: GateResult) -> dict[str, str]:
    return {
        "sign": "⏭️" if result.overridden else _SIGNS[result.word],
        "word": "overridden" if result.overridden else _WORDS[result.word],
        "environment": result.environment,
        "gate": result.gate,
        "found": concealed(result.found or result.reason),
        "opens": utc(result.opens) if result.opens and not result.passed else "",
        "opened_by": "" if result.passed else result.opened_by,
        "code": result.code,
    }


def _replaced(report: GateReport) -> list[str]:
    """`production web@v1.2.3`: what a rollback without a hold replaces."""
    return [
        f"{environment} {move.application}@{version_of(move.before)}"
        for environment, moves in report.unheld.items()
        for move in moves
        if move.before is not None
    ]


def _commands(report: GateReport) -> list[str]:
    """The comment commands that help in this state, to copy."""
    if not report.environments:
        return []
    closed = blocking(report.verdict.results)
    found = ["/gitops merge off"] if report.plan == "by-itself" else []
    if report.plan == "off" or (report.ready and report.plan in {"manual", "foreign"}):
        found.append("/gitops merge")
    found += [f"/gitops hold {what} because …" for what in _replaced(report)]
    if not report.goes_back:  # there the proposed version is the one that comes back
        found.append("/gitops hold because …")
    first = next((one for one in closed if one.gate in OVERRIDABLE), None)
    if first is not None:
        found.append(f"/gitops override {first.gate} {report.short} because …")
    return found
