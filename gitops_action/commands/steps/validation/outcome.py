"""The outcome of a validation: outputs, summary, annotations, and the same as one document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gitops_action.commands.steps.validation.lines import headline, lines_of
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.report.concealed import concealed
from gitops_action.core.report.validation import EnvironmentReport, Finding, ValidationReport
from gitops_action.core.report.validation_context import sentence
from gitops_action.errors import EXIT_FAILURE


def validation_outcome(
    report: ValidationReport, *, summary: str, notices: Sequence[Notice], failed: bool
) -> Outcome:
    """Lay the report out; `notices` and `failed` are those of writing the comment."""
    outputs = _outputs(report)
    return Outcome(
        outputs=outputs,
        headline=headline(report),
        lines=lines_of(report),
        summary=summary,
        notices=(*_notices(report), *notices),
        data=_data(report, outputs),
        exit_code=0 if report.valid and not failed else EXIT_FAILURE,
    )


def _outputs(report: ValidationReport) -> Mapping[str, str]:
    return {
        "valid": json.dumps(report.valid),
        "environments": json.dumps([item.name for item in report.environments]),
        "rendered-hash": report.rendered_hash,
        "unrendered-hash": report.unrendered_hash,
        "objects-added": str(report.count("added")),
        "objects-changed": str(report.count("changed")),
        "objects-removed": str(report.count("removed")),
    }


def _notices(report: ValidationReport) -> tuple[Notice, ...]:
    """Errors first: a surface that shows only some must show those.

    What several environments have in common, such as a fault in their base, is said once.
    """
    found = sorted(report.everything, key=lambda item: item.level != "error")
    moved = (
        f"the head moved to {report.moved_to} while {report.head} was judged: this says nothing"
        " about the newer commit"
    )
    notes = (*report.notes, *(note for env in report.environments for note in env.notes))
    every = [
        *(_notice(item) for item in found),
        *([Notice(level="warning", text=moved)] if report.moved_to else []),
        *(Notice(level="notice", text=note) for note in notes),
    ]
    return tuple(dict.fromkeys(every))


def _notice(item: Finding) -> Notice:
    return Notice(level=item.level, text=sentence(item), location=item.error.location)


def _data(report: ValidationReport, outputs: Mapping[str, str]) -> Mapping[str, object]:
    opened = {"valid", "environments", "objects-added", "objects-changed", "objects-removed"}
    return {
        **{name: json.loads(text) if name in opened else text for name, text in outputs.items()},
        "base": report.base,
        "head": report.head,
        "moved-to": report.moved_to,
        "pull-request": report.number,
        "unrendered": list(report.unrendered),
        "findings": [_finding(item) for item in report.findings],
        "details": [_environment(item) for item in report.environments],
    }


def _environment(report: EnvironmentReport) -> dict[str, object]:
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


def _finding(item: Finding) -> dict[str, object]:
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
