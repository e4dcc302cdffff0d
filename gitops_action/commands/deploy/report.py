"""The outcome of a deployment: outputs, summary, annotations, lines, and one document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from gitops_action.commands.deploy.ports import DeploymentTexts
from gitops_action.core.deploy.result import Action, Failure, Json, Result, TargetResult
from gitops_action.core.outcome import Line, Notice, Outcome, Part, Tone
from gitops_action.core.report.deployment import Deployed, DeploymentReport
from gitops_action.errors import EXIT_FAILURE

OUTPUT_LIMIT = 500_000
"""Bytes of one output; GitHub takes 1 MB for all outputs of a job ("Workflow syntax")."""
EXIT_INTERRUPTED = 130
_TONES: dict[Result, Tone] = {Result.SUCCEEDED: "new", Result.FAILED: "old", Result.UNKNOWN: "old"}
_CHANGES = (
    Action.CREATED,
    Action.CONFIGURED,
    Action.UNVERIFIED,
    Action.APPLIED,
    Action.UNCHANGED,
    Action.PRUNED,
)


def list_outcome(report: DeploymentReport, texts: DeploymentTexts) -> Outcome:
    """What is pending, and why the rest is not."""
    due = report.due
    headline = f"To deploy: {', '.join(due)}" if due else "Nothing is to be deployed"
    outputs = {
        **_empty(),
        "result": Result.NOTHING.value,
        "environments": json.dumps(due),
        "selected": json.dumps(report.selected),
    }
    return Outcome(
        outputs=outputs,
        headline=headline,
        lines=_decided(report),
        summary=texts.summary(report),
        data={
            "environments": list(due),
            "commit": report.commit,
            "decisions": [
                {"environment": one.environment, "step": one.step.value, "reason": one.reason}
                for one in report.decisions
            ],
        },
    )


def deployment_outcome(report: DeploymentReport, texts: DeploymentTexts) -> Outcome:
    """How it ended, object by object."""
    code = EXIT_INTERRUPTED if report.interrupted else EXIT_FAILURE if report.failed else 0
    objects = [row for one in report.environments for row in _with_name(one, "objects")]
    failures = [row for one in report.environments for row in _with_name(one, "failures")]
    taken = [one.outcome for one in report.environments]
    names = [one.environment for one in taken if one.result is not Result.NOTHING]
    first = next((one.deployment for one in report.environments if one.deployment), None)
    return Outcome(
        outputs={
            "result": report.result.value,
            "environments": json.dumps(names),
            "selected": "[]",
            "objects": _bounded(objects),
            "failures": _bounded(failures),
            "deployment-id": str(first or ""),
        },
        headline=_headline(report),
        lines=tuple(_lines(report)),
        summary=texts.summary(report),
        notices=tuple(dict.fromkeys(_notices(report))),
        data={
            "result": report.result.value,
            "commit": report.commit,
            "dry-run": report.dry_run,
            "interrupted": report.interrupted,
            "environments": names,
            "objects": objects,
            "failures": failures,
            "deployment-id": first,
            "differences": [row for one in report.environments for row in _differences(one)],
        },
        exit_code=code,
    )


def _empty() -> dict[str, str]:
    return {"objects": "[]", "failures": "[]", "deployment-id": ""}


def _with_name(one: Deployed, what: str) -> list[Json]:
    outcome = one.outcome
    rows = outcome.objects_json() if what == "objects" else outcome.failures_json()
    return [{"environment": outcome.environment, **row} for row in rows]


def _differences(one: Deployed) -> Iterator[Json]:
    for target in one.outcome.targets:
        for item in target.differences:
            yield {
                "environment": one.outcome.environment,
                "target": target.target,
                "object": str(item.id),
                "change": item.change,
                "diff": item.text,
            }


def _bounded(rows: Sequence[Mapping[str, object]]) -> str:
    """JSON of as many rows as an output may hold; a last one says how many are left out."""
    whole = json.dumps(rows)
    if len(whole) <= OUTPUT_LIMIT:
        return whole
    kept, used = [], 0
    for number, row in enumerate(rows):
        text = json.dumps(row)
        used += len(text) + 2
        if used > OUTPUT_LIMIT:
            kept.append(json.dumps({"left-out": len(rows) - number}))
            break
        kept.append(text)
    return f"[{', '.join(kept)}]"


def _headline(report: DeploymentReport) -> str:
    what = "Dry run" if report.dry_run else "Cancelled" if report.interrupted else "Deployment"
    return f"{what} of {report.commit[:12]}: {report.result}"


def _lines(report: DeploymentReport) -> Iterator[Line]:
    if not report.environments:
        yield "Nothing is to be deployed"
    for one in report.environments:
        for target in one.outcome.targets:
            yield _target_line(one, target)
            for item in target.differences:
                yield f"{item.change} {item.id}"
                yield from item.text.splitlines()
        for number in [one.deployment] if one.deployment else []:
            yield f"Recorded as Deployment {number} of {one.outcome.environment}"
    yield from _decided(report)


def _decided(report: DeploymentReport) -> tuple[str, ...]:
    return tuple(f"{one.environment}: {one.step}, {one.reason}" for one in report.left_out)


def _target_line(one: Deployed, target: TargetResult) -> Line:
    counts = ", ".join(
        f"{target.counts[action]} {action}" for action in _CHANGES if target.counts[action]
    )
    several = f" ({target.target})" if len(one.outcome.targets) > 1 else ""
    tone = _TONES.get(target.result, "plain")
    rest = f" in {one.seconds:.1f} s{': ' if counts else ''}{counts}"
    name = f"{one.outcome.environment}{several}: "
    return (Part(text=name), Part(text=str(target.result), tone=tone), Part(text=rest))


def _notices(report: DeploymentReport) -> Iterator[Notice]:
    """Errors first, at the line that describes the object."""
    for one in report.environments:
        for target in one.outcome.targets:
            for failure in target.failures:
                place = failure.location or one.place(failure.object_id)
                yield Notice(level="error", text=_told(one, target, failure), location=place)
    for one in report.environments:
        name = one.outcome.environment
        yield from (Notice(level="notice", text=f"{name}: {note}") for note in one.notes)
        for target in one.outcome.targets:
            yield from (Notice(level="notice", text=f"{name}: {note}") for note in target.notes)


def _told(one: Deployed, target: TargetResult, failure: Failure) -> str:
    several = f" ({target.target})" if len(one.outcome.targets) > 1 else ""
    item = f"{failure.about}: " if failure.about else ""
    sentence = failure.sentence.removeprefix(f"{failure.location}: ")  # the notice has it
    parts = [f"{one.outcome.environment}{several}: {item}{sentence}"]
    parts += [f"event: {line}" for line in failure.events]
    parts += [f"log: {line}" for line in failure.log]
    parts += [f"Fix: {failure.fix}"] if failure.fix else []
    return "\n".join(parts)
