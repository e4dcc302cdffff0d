"""What a validation says at a terminal and in the log."""

from __future__ import annotations

from gitops_action.core.outcome import Line, Part, Tone
from gitops_action.core.report.validation import EnvironmentReport, ValidationReport
from gitops_action.core.report.validation_context import verdict
from gitops_action.core.validation.diff import Change
from gitops_action.core.validation.images import ImageDifference

_SIGNS: dict[Change, tuple[str, Tone]] = {
    "added": ("+", "new"),
    "changed": ("~", "plain"),
    "removed": ("-", "old"),
}
_MOST = 100
"""Objects of one environment that are listed."""


def headline(report: ValidationReport) -> str:
    """One line: the verdict, and how much changes where."""
    said = verdict(report.everything)
    if report.moved_to:
        return f"Only an older commit was judged ({said}): the head is {report.moved_to[:12]} now"
    if not report.environments:
        return f"{said.capitalize()}: no environment's files change"
    count = len(report.environments)
    where = report.environments[0].name if count == 1 else f"{count} environments"
    changes = ", ".join(f"{report.count(change)} {change}" for change in _SIGNS)
    return f"{said.capitalize()} in {where}: objects {changes}"


def lines_of(report: ValidationReport) -> tuple[Line, ...]:
    """A block for each environment, then what belongs to none."""
    lines: list[Line] = []
    for environment in report.environments:
        lines += ["", *_environment(environment)]
    if report.unrendered:
        lines += ["", f"{len(report.unrendered)} changed files are not deployed:"]
        lines += [f"  {path}" for path in report.unrendered[:_MOST]]
    return tuple(lines)


def _environment(report: EnvironmentReport) -> list[Line]:
    lines: list[Line] = [
        (
            Part(text=report.name, tone="strong"),
            Part(text=f"  {verdict(report.findings)}  "),
            Part(text=report.deployed, tone="quiet"),
        )
    ]
    lines += [_image(move) for move in report.images]
    for item in report.changes[:_MOST]:
        sign, tone = _SIGNS[item.change]
        place = f"  {item.origin.file}" if item.origin else ""
        lines.append((Part(text=f"  {sign} {item.id}", tone=tone), Part(text=place, tone="quiet")))
    if hidden := len(report.changes[_MOST:]):
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
