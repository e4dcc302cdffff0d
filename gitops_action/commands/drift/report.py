"""What `drift` hands back: outputs, lines, annotations, Markdown, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gitops_action.core.drift.report import (
    DriftKind,
    DriftReport,
    DriftState,
    ObjectDrift,
    TargetDrift,
    count,
)
from gitops_action.core.inputs.drift import DriftInputs
from gitops_action.core.markdown import cell, code, prose
from gitops_action.core.outcome import Line, Notice, Outcome, Part, Tone
from gitops_action.errors import EXIT_FAILURE

_ANNOTATED = 9
"""Objects with an annotation of their own: GitHub shows ten warnings of a step."""
_LISTED = 200
"""Objects that the summary lists."""
_LIMIT = 500_000
_LEFT = "left by a failed deployment"
"""Bytes of the output `report`; GitHub takes 1 MB for all outputs of a job."""
_TONES: dict[DriftState, Tone] = {DriftState.CLEAN: "new", DriftState.DRIFTED: "old"}
_WORDS = {
    DriftKind.CHANGED: "changed",
    DriftKind.MISSING: "not there",
    DriftKind.SUSPENDED: "suspended",
    DriftKind.STUCK: "stuck",
    DriftKind.OUTDATED: "out of date",
}


def drift_outcome(
    report: DriftReport, inputs: DriftInputs, *, said: Sequence[str] = (), notes: Sequence[str] = ()
) -> Outcome:
    """Everything that was found, in the format that was asked for.

    Args:
        report: what was found.
        inputs: how it is shown.
        said: what was done about it.
        notes: what could not be done about it.
    """
    document = report.as_json()
    summary = as_markdown(report.targets)
    printed = {
        "json": json.dumps(document, indent=2, ensure_ascii=False),
        "markdown": summary,
        "table": "",
    }[inputs.format]
    failed = inputs.exit_code and report.state is not DriftState.CLEAN
    return Outcome(
        outputs={
            "state": report.state.value,
            "report": _bounded(report),
            "environments": json.dumps(
                list(dict.fromkeys(one.environment for one in report.targets))
            ),
        },
        headline=_headline(report),
        lines=(
            *(line for one in report.targets for line in _lines(one)),
            *(f"  {one}" for one in said),
        ),
        summary=summary,
        notices=(
            *_notices(report),
            *(Notice(level="warning", text=note) for note in notes),
        ),
        data=document,
        printed=printed,
        exit_code=EXIT_FAILURE if failed else 0,
    )


def _headline(report: DriftReport) -> str:
    differ, compared = count(report.targets), sum(one.compared for one in report.targets)
    if report.state is DriftState.DRIFTED:
        return f"Drift: {_objects(differ)} of {compared} differ from what was deployed"
    if report.state is DriftState.UNKNOWN:
        return "Drift: unknown"
    return f"No drift: {_objects(compared)} {'is' if compared == 1 else 'are'} as described"


def _objects(number: int) -> str:
    return f"{number} object{'s' * (number != 1)}"


def _bounded(report: DriftReport) -> str:
    """The report as one output; without patches, then without objects, where it is too long."""
    for some in (report, _without_patches(report)):
        written = json.dumps(some.as_json())
        if len(written) <= _LIMIT:
            return written
    short = {"version": 1, "state": report.state.value, "left-out": count(report.targets)}
    return json.dumps(short)


def _without_patches(report: DriftReport) -> DriftReport:
    return replace(
        report,
        targets=tuple(
            replace(target, objects=tuple(replace(one, patch="") for one in target.objects))
            for target in report.targets
        ),
    )


def title_of(one: ObjectDrift) -> str:
    """For people: `Deployment default/web: changed`."""
    word = _LEFT if one.failed else _WORDS[one.change]
    return f"{one.id}: {word}"


def _name(one: TargetDrift) -> str:
    return one.environment if one.target == "default" else f"{one.environment} ({one.target})"


def _lines(one: TargetDrift) -> Iterator[Line]:
    at = f" at {one.commit[:12]}" if one.commit else ""
    tone = _TONES.get(one.state, "strong")
    yield (Part(text=f"  {_name(one)}{at}: "), Part(text=one.state.value, tone=tone))
    for item in one.objects:
        where = f" ({item.origin})" if item.origin else ""
        yield (
            Part(text=f"    {title_of(item)}", tone="strong"),
            Part(text=where, tone="quiet"),
        )
        yield from (f"      {each}" for each in item.fields)
        yield from (f"      {text}" for text in (item.sentence, item.fix) if text)
    yield from (f"    could not be read: {item}" for item in one.unread)
    if one.reason:
        yield f"    unknown: {one.reason}"
    yield from (f"    waits to be pruned: {item}" for item in one.waiting)
    yield from (f"    {note}" for note in one.notes)


def _notices(report: DriftReport) -> Iterator[Notice]:
    found = [(one, item) for one in report.targets for item in one.objects]
    for one, item in found[:_ANNOTATED]:
        said = "; ".join([*map(str, item.fields), *filter(None, (item.sentence, item.fix))])
        text = f"{_name(one)}: {title_of(item)}" + (f": {said}" if said else "")
        yield Notice(level="warning", text=text, location=item.origin)
    if len(found) > _ANNOTATED:
        text = f"{len(found) - _ANNOTATED} more objects differ: see the summary"
        yield Notice(level="warning", text=text)
    for one in report.targets:
        if one.reason:
            yield Notice(level="notice", text=f"{_name(one)}: drift is unknown: {one.reason}")


def as_markdown(targets: Iterable[TargetDrift]) -> str:
    """A section for each environment and cluster."""
    return "\n".join(line for one in targets for line in _section(one)) + "\n"


def listed(environments: Sequence[str]) -> Outcome:
    """The environments that have a cluster to compare with; none was compared."""
    state = DriftState.UNKNOWN.value
    return Outcome(
        outputs={"state": state, "report": "{}", "environments": json.dumps(environments)},
        headline=f"To compare: {', '.join(environments)}" if environments else "Nothing to compare",
        data={"state": state, "environments": list(environments)},
    )


def _section(one: TargetDrift) -> Iterator[str]:
    yield f"### {code(_name(one))}: {one.state.value}"
    yield ""
    if one.commit:
        yield f"{_objects(one.compared)} compared with {code(one.commit[:12])}."
        yield ""
    if one.reason:
        yield f"Unknown: {prose(one.reason)}"
        yield ""
    if one.objects:
        yield "| object | what | described | lives | by |"
        yield "| --- | --- | --- | --- | --- |"
        yield from (row for item in one.objects[:_LISTED] for row in _rows(item))
        yield ""
        yield from _more(one)
        yield from _said(one.objects[:_LISTED])
        yield from (line for item in one.objects[:_LISTED] for line in _patch(item))
    yield from (f"- {prose(note)}" for note in _notes(one))
    yield ""


def _more(one: TargetDrift) -> Iterator[str]:
    left = len(one.objects) - _LISTED
    if left > 0:
        yield f"{_objects(left)} more differ."
        yield ""


def _rows(item: ObjectDrift) -> Iterator[str]:
    name = cell(str(item.id))
    if item.failed:
        name += f", {_LEFT}"
    if not item.fields:
        yield f"| {name} | {_WORDS[item.change]} | | | |"
    for one in item.fields:
        shown = cell(" ".join(one.who)) if one.who else ""
        lives = cell(one.live) if one.live else "absent"
        yield f"| {name} | {cell(one.path)} | {cell(one.described)} | {lives} | {shown} |"


def _said(objects: Iterable[ObjectDrift]) -> Iterator[str]:
    """What a person should know of an object, and what they can do."""
    said = [(one, "; ".join(filter(None, (one.sentence, one.fix)))) for one in objects]
    lines = [f"- {code(str(one.id))}: {prose(text)}" for one, text in said if text]
    yield from (*lines, "") if lines else ()


def _patch(item: ObjectDrift) -> Iterator[str]:
    if not item.patch:
        return
    fence = "`" * 3
    while fence in item.patch:
        fence += "`"
    where = f" (described in {code(str(item.origin))})" if item.origin else ""
    yield f"{code(str(item.id))}{where}"
    yield ""
    yield "<details><summary>Patch that adopts this in Git</summary>"
    yield ""
    yield f"{fence}yaml"
    yield item.patch.rstrip("\n")
    yield fence
    yield ""
    yield "</details>"
    yield ""


def _notes(one: TargetDrift) -> Iterator[str]:
    yield from (f"could not be read: {item}" for item in one.unread)
    yield from (f"waits to be pruned: {item}" for item in one.waiting)
    yield from one.notes
