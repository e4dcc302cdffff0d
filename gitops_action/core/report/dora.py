"""The DORA metrics as JSON, as a table for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from gitops_action.core.dora.metrics import METRICS, DoraReport, Figures
from gitops_action.core.dora.words import basis, heading, value
from gitops_action.core.markdown import cell, prose

_HEAD = ("application", "environment", *(one.name.lower() for one in METRICS))


def dora_json(report: DoraReport) -> Mapping[str, object]:
    """Everything, for dashboards: durations in seconds, shares from 0 to 1, null for nothing."""
    return {
        "from": report.period.start.isoformat(),
        "to": report.period.end.isoformat(),
        "weeks": report.period.weeks,
        "environments": list(report.environments),
        "definitions": {one.key: one.definition for one in METRICS},
        "total": _figures(report.total),
        "weekly": [_figures(one) for one in report.weekly],
        "applications": [
            {
                "application": one.application,
                "environment": one.environment,
                **_figures(one.figures),
            }
            for one in report.applications
        ],
        "records-left-out": dict(report.left_out),
    }


def _figures(one: Figures) -> dict[str, object]:
    return {
        "deployments": one.deployments,
        "deployments-a-week": one.frequency,
        "lead-time-median": _seconds(one.lead_time),
        "lead-time-p90": _seconds(one.lead_time_p90),
        "commits": one.commits,
        "commits-left-out": one.commits_left_out,
        "deployments-without-known-commits": one.unmeasured,
        "change-fail-rate": one.change_fail_rate,
        "recovery-median": _seconds(one.recovery),
        "outages": one.outages,
        "outages-going-on": one.ongoing,
        "rework-rate": one.rework_rate,
    }


def _seconds(span: timedelta | None) -> float | None:
    return span.total_seconds() if span is not None else None


def dora_rows(report: DoraReport) -> Sequence[tuple[str, ...]]:
    """A row for each application, and one for all."""
    rows = [(one.application, one.environment, *_cells(one.figures)) for one in report.applications]
    return [*rows, ("all", "", *_cells(report.total))] if len(rows) != 1 else rows


def _cells(one: Figures) -> Iterable[str]:
    return (value(metric.key, one) for metric in METRICS)


def dora_table(report: DoraReport) -> Sequence[tuple[str, ...]]:
    """The rows with their heading."""
    return [_HEAD, *dora_rows(report)]


def dora_markdown(report: DoraReport) -> Sequence[str]:
    """The table, with what each figure stands on and the definitions."""
    lines = ["**DORA**", "", prose(heading(report)), ""]
    lines += [f"| {' | '.join(_HEAD)} |", f"| {' | '.join('---' for _ in _HEAD)} |"]
    lines += [
        f"| {' | '.join(cell(text) if text else '' for text in row)} |" for row in dora_rows(report)
    ]
    lines += ["", "<details><summary>How it is counted</summary>", ""]
    lines += [f"- {one.name} ({basis(one.key, report.total)}): {one.definition}" for one in METRICS]
    return [*lines, "", "</details>"]
