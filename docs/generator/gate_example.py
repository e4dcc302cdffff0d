"""The gate's comment in each state: the real gates and the real view, with an example's values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape

from gitops_action.adapters.gate_views import GateViews
from gitops_action.core.config.holds import Hold
from gitops_action.core.config.resolved import (
    Approvals,
    Environment,
    Gates,
    RequiredCheck,
    Window,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.approvals import ApprovalFacts, ChangeComparison, Review
from gitops_action.core.gates.checks import CheckFacts, CheckReport
from gitops_action.core.gates.evaluate import GateFacts, evaluate
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.rollback import RollbackCause
from gitops_action.core.gates.validation import ValidationFacts
from gitops_action.core.gates.validation import evaluate as evaluate_validation
from gitops_action.core.gates.verdict import environment_verdict, ready_verdict
from gitops_action.core.gates.versions import ImageMove, Predecessor
from gitops_action.core.images import parse_reference
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.report.gate import GateReport, MergePlan
from gitops_action.core.report.validation import EnvironmentReport

_NOW = datetime(2026, 11, 27, 12, 47, tzinfo=UTC)
_DIGEST = "9b2e77a1c04d5f6038be1c22d9a4730e6f85b1c4d2a09e7b63f81250ac4d9e17"
_OLD = "ghcr.io/acme/web:v1.2.2@sha256:" + "3f1c0e6b58a94d27" * 4
_NEW = f"ghcr.io/acme/web:v1.2.3@sha256:{_DIGEST}"
_HEAD, _EARLIER, _BASE = (
    "c05b9a3e71d2" + "0" * 28,
    "3fa9c1d04b7e" + "0" * 28,
    "8d1f4c2a7be0" + "0" * 28,
)
_MOVE = ImageMove(application="web", before=parse_reference(_OLD), after=parse_reference(_NEW))
_PRODUCTION = Environment(
    name="production",
    path="environments/production",
    merge="auto",
    after=("staging",),
    gates=Gates(
        soak=timedelta(hours=1),
        windows=(Window(effect="deny", cron="0 17 * * FRI", duration=timedelta(hours=63)),),
        approvals=Approvals(count=2, teams=("acme/sre",)),
        checks=(RequiredCheck(name="ci/smoke"),),
    ),
)
_TEAM = {"acme/sre": frozenset({"alice", "bob", "carol"})}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A state of a pull request: its name, why it is so, and what the gate finds.

    `outcome` and `plan` are as the run leaves them; `conflicts` leaves nothing else to find.
    """

    title: str
    text: str
    facts: GateFacts
    plan: MergePlan = "by-itself"
    outcome: str = ""
    draft: bool = False
    conflicts: tuple[str, ...] = ()


def gate_comment() -> str:
    """The comment of a pull request that waits, with the difference of its objects."""
    first = _report(next(_examples()))
    return _quoted(replace(first, validation=(_DIFFERENCE,)))


def gate_comments() -> str:
    """Every state, each folded below its name and its status."""
    return "\n".join(_folded(one) for one in _examples())


def _folded(example: Example) -> str:
    report = _report(example)
    status = f"{report.verdict.state}, <code>{escape(report.verdict.text)}</code>"
    return (
        f"<details><summary><b>{example.title}</b>: {status}</summary>\n\n"
        f"{example.text}\n\n{_quoted(report)}\n</details>\n"
    )


def _quoted(report: GateReport) -> str:
    lines = GateViews().comment(report).splitlines()
    return "".join(f"> {line}".rstrip() + "\n" for line in lines)


def _report(example: Example) -> GateReport:
    if example.conflicts:
        facts = ValidationFacts(conflicts=example.conflicts)
        verdict = environment_verdict("", (evaluate_validation("", facts),))
        return GateReport(number=7, head=_HEAD, base=_BASE, verdict=verdict, now=_NOW)
    facts = example.facts
    own = environment_verdict(facts.name, evaluate(facts), draft=example.draft)
    return GateReport(
        number=7,
        head=_HEAD,
        base=_BASE,
        digest=_DIGEST,
        verdict=ready_verdict((own,), draft=example.draft),
        environments=(own,),
        moves={facts.name: facts.moves},
        plan=example.plan,
        now=facts.now,
        outcome=example.outcome,
    )


_DIFFERENCE = EnvironmentReport(
    name="production",
    deletions=PruneVerdict(),
    changes=(
        ObjectDiff(
            id=ObjectId(group="apps", kind="Deployment", namespace="web", name="web"),
            change="changed",
            text=(
                "       containers:\n         - name: web\n"
                f"-          image: {_OLD}\n+          image: {_NEW}\n"
            ),
            lines_added=1,
            lines_removed=1,
        ),
    ),
)


def _facts(
    approvals: ApprovalFacts | None = None,
    *,
    soaked: timedelta = timedelta(hours=2),
    result: Result = Result.SUCCEEDED,
    now: datetime = _NOW,
) -> GateFacts:
    """Everything as it has to be, but for what an example differs in."""
    ended = now - soaked
    record = EvaluatedRecord(
        number=9,
        environment="staging",
        commit=_BASE,
        applications={"web": (_NEW,)},
        targets={"default": result},
        result=result,
        started=ended - timedelta(minutes=2),
        ended=ended,
    )
    staging = Predecessor(environment="staging", applications=frozenset({"web"}), records=(record,))
    return GateFacts(
        environment=_PRODUCTION,
        causes=frozenset({"objects"}),
        moves=(_MOVE,),
        now=now,
        validation=ValidationFacts(),
        holds=HoldFacts(now=now),
        predecessors=(staging,),
        approvals=approvals or _approved("alice", "bob"),
        checks=CheckFacts(reports=(CheckReport(name="ci/smoke", conclusion="success", number=1),)),
    )


def _approved(*people: str, earlier: str = "") -> ApprovalFacts:
    """Who approved the change as it is now, and who approved an earlier one."""
    reviews = [_review(number, one) for number, one in enumerate(people, start=1)]
    if earlier:
        differs = ChangeComparison(kind="different", objects=1)
        old = replace(_review(90, earlier), commit=_EARLIER, change=differs)
        reviews.append(old)
    return ApprovalFacts(author="gitops-bot[bot]", reviews=tuple(reviews), teams=_TEAM)


def _review(number: int, login: str) -> Review:
    return Review(
        number=number,
        login=login,
        state="approved",
        commit=_HEAD,
        submitted=_NOW - timedelta(minutes=30),
        change=ChangeComparison(kind="same"),
    )


def _examples() -> Iterator[Example]:
    yield Example(
        title="Waits for time and people",
        text="Staging has not run the version for long enough, and one approval is missing.",
        facts=_facts(_approved("alice", earlier="bob"), soaked=timedelta(minutes=42)),
    )
    yield Example(
        title="Waits for a window",
        text="Friday, 17:00: merging is denied until Monday.",
        facts=_facts(now=_NOW + timedelta(hours=5)),
    )
    yield Example(
        title="A person requests changes",
        text="Nobody else's approvals outweigh that.",
        facts=_facts(_objected("carol", "alice", "bob")),
    )
    yield Example(
        title="Refused",
        text="Staging failed on this very version.",
        facts=_facts(result=Result.FAILED),
    )
    freeze = Hold(
        environment="production",
        reason="Black Friday",
        author="dora",
        until=_NOW + timedelta(days=3),
        file=".github/gitops/holds/production._.freeze.yaml",
    )
    yield Example(
        title="Held",
        text="The environment is frozen: the pull request stays open, and merges afterwards.",
        facts=replace(_facts(), holds=HoldFacts(holds=(freeze,), now=_NOW)),
    )
    error = "`environments/production/kustomization.yaml:3`: `../../base` does not exist"
    yield Example(
        title="Invalid",
        text="Only another commit helps.",
        facts=replace(_facts(), validation=ValidationFacts(errors=(error,))),
    )
    yield Example(
        title="In conflict with the base",
        text="A bump is planned again by itself; in a pull request of your own, merge the base.",
        facts=_facts(),
        conflicts=("environments/production/kustomization.yaml",),
    )
    yield Example(
        title="Unknown",
        text="What cannot be read stays closed; here the App lacks `members: read`.",
        facts=_facts(replace(_approved("alice", "bob"), teams={})),
    )
    yield Example(
        title="A draft",
        text="Every gate is shown, and nothing merges.",
        facts=_facts(),
        draft=True,
    )
    overridden = _facts(soaked=timedelta(minutes=42))
    yield Example(
        title="Overridden",
        text="A person with the right wrote `/gitops override soak …` for this very change.",
        facts=replace(overridden, overridden=frozenset({"soak"})),
    )
    yield from _rest()


def _objected(person: str, *approvers: str) -> ApprovalFacts:
    found = _approved(*approvers)
    objection = replace(_review(91, person), state="changes-requested")
    return replace(found, reviews=(*found.reviews, objection), writers={person: True})


def _rest() -> Iterator[Example]:
    """Where the gates are open."""
    yield Example(
        title="Ready",
        text="The gate evaluates everything once more, and merges.",
        facts=_facts(),
    )
    yield Example(
        title="In the merge queue",
        text="Where the base has a queue, the gate puts it in.",
        facts=_facts(),
        outcome="put into the merge queue",
    )
    yield Example(
        title="Ready, and a person merges",
        text="`merge: manual` in the configuration.",
        facts=_facts(),
        plan="manual",
    )
    yield Example(
        title="Ready, and no bump",
        text="One more line than a bump of its images gives.",
        facts=_facts(),
        plan="foreign",
    )
    yield Example(
        title="Workflow files change",
        text="The gate merges no such change.",
        facts=_facts(),
        plan="by-hand",
    )
    yield Example(
        title="Merging is switched off",
        text="A person wrote `/gitops merge off`.",
        facts=_facts(),
        plan="off",
    )
    back = ImageMove(application="web", before=_MOVE.after, after=_MOVE.before)
    cause = RollbackCause(kind="failed-deployment")
    yield Example(
        title="A rollback",
        text="The newest deployment failed on what it replaces, and the images ran before.",
        facts=replace(_facts(ApprovalFacts()), moves=(back,), rollback=cause),
    )
