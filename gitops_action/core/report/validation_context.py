"""The variables of the validation's views: plain text, numbers, lists and mappings."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.redaction.known import concealed
from gitops_action.core.report.validation import EnvironmentReport, Finding, ValidationReport
from gitops_action.errors import Location

_ORDER = {"removed": 0, "changed": 1, "added": 2}
"""What is gone is read first: it is what hurts."""


def context_of(report: ValidationReport) -> dict[str, object]:
    """The variables of the whole report."""
    return {
        "verdict": verdict(report.everything) + (" (an older commit)" if report.moved_to else ""),
        "branch": report.branch,
        "base": report.base,
        "head": report.head,
        "moved_to": report.moved_to,
        "environments": [_environment(item) for item in report.environments],
        "left_out": list(report.left_out),
        "findings": findings_of(report.findings),
        "unrendered": list(report.unrendered),
        "rendered_hash": report.rendered_hash,
        "unrendered_hash": report.unrendered_hash,
        "notes": list(report.notes),
        "run_url": report.job.run_url,
    }


def verdict(findings: Sequence[Finding]) -> str:
    """`valid`, `2 errors and 1 warning`."""
    counts = [(level, sum(item.level == level for item in findings)) for level in _LEVELS]
    said = [f"{number} {level}{'s' * (number != 1)}" for level, number in counts if number]
    if not counts[0][1]:
        said.insert(0, "valid")
    return " and ".join(said) if counts[0][1] else ", ".join(said)


_LEVELS = ("error", "warning")


def findings_of(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Findings, errors first, otherwise in their order."""
    ordered = sorted(findings, key=lambda item: _LEVELS.index(item.level))
    return [
        {
            "level": item.level,
            "known": item.known,
            "place": str(item.error.location or ""),
            "text": sentence(item),
        }
        for item in ordered
    ]


def sentence(finding: Finding) -> str:
    """The finding without its place and without credentials: `title: cause. Fix: …`."""
    error = finding.error
    cause = f": {error.cause}" if error.cause else ""
    fix = f". Fix: {error.fix}" if error.fix else ""
    return concealed(f"{error.title}{cause}{fix}")


def _environment(report: EnvironmentReport) -> dict[str, object]:
    return {
        "name": report.name,
        "folder": report.folder or ".",
        "verdict": verdict(report.findings),
        "deployed": report.deployed,
        "merged_by": report.merged_by,
        "findings": findings_of(report.findings),
        "changes": [_change(item) for item in sorted(report.changes, key=_worst_first)],
        "images": [
            {
                "repository": item.repository,
                "old": ", ".join(item.old) or "none",
                "new": ", ".join(item.new) or "none",
            }
            for item in report.images
        ],
        "deletions": _deletions(report.deletions),
        "added": report.count("added"),
        "changed": report.count("changed"),
        "removed": report.count("removed"),
        "objects": report.objects,
        "notes": list(report.notes),
    }


def _worst_first(change: ObjectDiff) -> int:
    return _ORDER[change.change]


def _change(item: ObjectDiff) -> dict[str, object]:
    return {
        "name": str(item.id),
        "change": item.change,
        "text": item.text,
        "lines": item.text.count("\n") + 1,
        "place": _place(item.origin),
        "lines_added": item.lines_added,
        "lines_removed": item.lines_removed,
    }


def _place(origin: Location | None) -> str:
    return origin.file if origin else ""


def _deletions(deletions: PruneVerdict | None) -> dict[str, object]:
    if deletions is None:
        return {"text": "unknown", "confirm": [], "kept": [], "exceeded": False, "emptied": False}
    number = len(deletions.removed)
    text = f"{number} of {deletions.total}, limit {deletions.budget}" if number else "nothing"
    return {
        "text": text,
        "confirm": [str(item) for item in deletions.confirm],
        "kept": [str(item) for item in deletions.kept],
        "exceeded": deletions.exceeded,
        "emptied": deletions.emptied,
    }
