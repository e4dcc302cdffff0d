"""What a validation says at a terminal and in the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.core.deploy.diff import Change, ObjectDiff
from gitops_action.core.outcome import Line, Notice, Outcome, Part, Tone
from gitops_action.core.redaction.known import concealed
from gitops_action.core.report import validation
from gitops_action.core.validation.images import ImageDifference
from gitops_action.errors import EXIT_FAILURE

_SIGNS: dict[Change, tuple[str, Tone]] = {
    "added": ("+", "new"),
    "changed": ("~", "plain"),
    "removed": ("-", "old"),
}
_MOST = 100
"""Objects of one environment that are listed."""


_NOT_ALL = "; not everything was rendered"


def headline(report: validation.ValidationReport) -> str:
    """One line: the verdict, and how much changes where."""
    said = validation.verdict(report.everything)
    if report.moved_to:
        return f"Only an older commit was judged ({said}): the head is {report.moved_to[:12]} now"
    if not report.environments:
        return f"{said.capitalize()}: no environment's files change"
    count = len(report.environments)
    where = report.environments[0].name if count == 1 else f"{count} environments"
    changes = ", ".join(f"{report.count(change)} {change}" for change in _SIGNS)
    rest = "" if all(item.content_hash for item in report.environments) else _NOT_ALL
    return f"{said.capitalize()} in {where}: objects {changes}{rest}"


def lines_of(report: validation.ValidationReport) -> tuple[Line, ...]:
    """A block for each environment, then what belongs to none."""
    lines: list[Line] = []
    for environment in report.environments:
        lines += ["", *_environment(environment)]
    if report.unrendered:
        lines += ["", *_unrendered(report.unrendered, _MOST)]
    return tuple(lines)


def report_of(report: validation.ValidationReport) -> tuple[Line, ...]:
    """Everything, for a terminal: findings, notes, and each object's difference."""
    lines: list[Line] = [*_findings(report.findings), *map(_note, report.notes)]
    for environment in report.environments:
        lines += ["", *_environment(environment, objects=False)]
        lines += [*_findings(environment.findings), *map(_note, environment.notes)]
        for item in environment.changes:
            lines += ["", *_object(item)]
    if report.unrendered:
        lines += ["", *_unrendered(report.unrendered, len(report.unrendered))]
    return (*lines, "")


def _unrendered(paths: Sequence[str], most: int) -> list[Line]:
    count = "1 changed file is" if len(paths) == 1 else f"{len(paths)} changed files are"
    more = [f"  … and {len(paths) - most} more"] if len(paths) > most else []
    return [
        f"{count} part of nothing that is rendered:",
        *(f"  {path}" for path in paths[:most]),
        *more,
    ]


def _findings(findings: Iterable[validation.Finding]) -> Iterator[Line]:
    for item in findings:
        tone: Tone = "old" if item.level == "error" else "strong"
        place = f"{item.error.location}: " if item.error.location else ""
        known = " (also without this change)" if item.known else ""
        yield (
            Part(text=f"{item.level}: ", tone=tone),
            Part(text=f"{place}{validation.sentence(item)}"),
            Part(text=known, tone="quiet"),
        )


def _note(text: str) -> Line:
    return (Part(text=f"note: {concealed(text)}", tone="quiet"),)


def _object(item: ObjectDiff) -> Iterator[Line]:
    sign, tone = _SIGNS[item.change]
    place = f"  {item.origin.file}" if item.origin else ""
    yield (
        Part(text=f"{sign} {item.id}", tone="strong" if tone == "plain" else tone),
        Part(text=place, tone="quiet"),
    )
    for line in item.text.split("\n"):
        marks: dict[str, Tone] = {"+": "new", "-": "old", "@": "quiet"}
        yield (Part(text=f"  {line}", tone=marks.get(line[:1], "plain")),)


def _environment(report: validation.EnvironmentReport, *, objects: bool = True) -> list[Line]:
    lines: list[Line] = [
        (
            Part(text=report.name, tone="strong"),
            Part(text=f"  {validation.verdict(report.findings)}  "),
            Part(text=report.deployed, tone="quiet"),
        )
    ]
    lines += [_image(move) for move in report.images]
    for item in report.changes[:_MOST] if objects else ():
        sign, tone = _SIGNS[item.change]
        place = f"  {item.origin.file}" if item.origin else ""
        lines.append((Part(text=f"  {sign} {item.id}", tone=tone), Part(text=place, tone="quiet")))
    if objects and (hidden := len(report.changes[_MOST:])):
        lines.append(f"  … and {hidden} more objects")
    if report.deletions and report.deletions.removed:
        lines.append(
            f"  a deployment deletes {len(report.deletions.removed)} of {report.deletions.total}"
            f" objects, the limit is {report.deletions.budget}"
        )
    return lines


def _image(move: ImageDifference) -> Line:
    return (
        Part(text=f"  {move.repository} "),
        Part(text=", ".join(move.old) or "none", tone="old"),
        Part(text=" → "),
        Part(text=", ".join(move.new) or "none", tone="new"),
    )


# The outcome of a validation: outputs, summary, annotations, and the same as one document.


def validation_outcome(
    report: validation.ValidationReport, *, summary: str, notices: Sequence[Notice], failed: bool
) -> Outcome:
    """Lay the report out; `notices` and `failed` are those of writing the comment."""
    outputs = _outputs(report)
    return Outcome(
        outputs=outputs,
        headline=headline(report),
        lines=lines_of(report),
        report=(*report_of(report), *(f"{item.level}: {item.text}" for item in notices)),
        summary=summary,
        notices=(*_notices(report), *notices),
        data=_data(report, outputs),
        exit_code=0 if report.valid and not failed else EXIT_FAILURE,
    )


def _outputs(report: validation.ValidationReport) -> Mapping[str, str]:
    return {
        "valid": json.dumps(report.valid),
        "environments": json.dumps([item.name for item in report.environments]),
        "rendered-hash": report.rendered_hash,
        "unrendered-hash": report.unrendered_hash,
        "objects-added": str(report.count("added")),
        "objects-changed": str(report.count("changed")),
        "objects-removed": str(report.count("removed")),
    }


def _notices(report: validation.ValidationReport) -> tuple[Notice, ...]:
    """Errors first: a surface that shows only some must show those.

    What several environments have in common, such as a fault in their base, is reported once.
    """
    everything = sorted(report.everything, key=lambda item: item.level != "error")
    found = [item for item in everything if not _is_old(item)]
    moved = (
        f"the head moved to {report.moved_to} while {report.head} was judged: this says nothing"
        " about the newer commit"
    )
    notes = (*report.notes, *(note for env in report.environments for note in env.notes))
    every = [
        *(_notice(item) for item in found),
        *([Notice(level="warning", text=moved)] if report.moved_to else []),
        *_old(len(everything) - len(found)),
        *(Notice(level="notice", text=concealed(note)) for note in notes),
    ]
    return tuple(dict.fromkeys(every))


def _is_old(item: validation.Finding) -> bool:
    """Whether the base has it as well, and the change does not fail for it."""
    return item.known and item.level != "error"


def _old(count: int) -> Iterator[Notice]:
    """One annotation for all that the base has as well: GitHub shows few, and new ones matter."""
    if count:
        what = "1 problem is" if count == 1 else f"{count} problems are"
        text = f"{what} there without this change as well: the report lists them"
        yield Notice(level="notice", text=text)


def _notice(item: validation.Finding) -> Notice:
    return Notice(level=item.level, text=validation.sentence(item), location=item.error.location)


def _data(report: validation.ValidationReport, outputs: Mapping[str, str]) -> Mapping[str, object]:
    opened = {"valid", "environments", "objects-added", "objects-changed", "objects-removed"}
    return {
        **{name: json.loads(text) if name in opened else text for name, text in outputs.items()},
        "base": report.base,
        "head": report.head,
        "moved-to": report.moved_to,
        "pull-request": report.number,
        "unrendered": list(report.unrendered),
        "findings": [_finding(item) for item in report.findings],
        "details": [_environment_outcome(item) for item in report.environments],
    }


def _environment_outcome(report: validation.EnvironmentReport) -> dict[str, object]:
    deletions = report.deletions
    return {
        "environment": report.name,
        "objects": report.objects,
        "content-hash": report.content_hash,
        "findings": [_finding(item) for item in report.findings],
        "changes": [
            {
                "object": str(item.id),
                "change": item.change,
                "file": item.origin.file if item.origin else None,
                "diff": item.text,
            }
            for item in report.changes
        ],
        "images": [
            {"repository": move.repository, "old": list(move.old), "new": list(move.new)}
            for move in report.images
        ],
        "deletions": None
        if deletions is None
        else {
            "removed": [str(item) for item in deletions.removed],
            "total": deletions.total,
            "limit": deletions.budget,
            "exceeded": deletions.exceeded,
            "confirm": [str(item) for item in deletions.confirm],
        },
    }


def _finding(item: validation.Finding) -> dict[str, object]:
    place = item.error.location
    return {
        "level": item.level,
        "known": item.known,
        "title": concealed(item.error.title),
        "cause": concealed(item.error.cause),
        "fix": concealed(item.error.fix),
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
