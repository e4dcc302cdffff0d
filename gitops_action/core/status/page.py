"""The variables of the status page: plain values that the view lays out and escapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.dora.metrics import DoraReport
from gitops_action.core.dora.words import heading, page_metrics
from gitops_action.core.gates.model import utc
from gitops_action.core.report.dora import dora_rows, dora_table
from gitops_action.core.status.drift import drift_words
from gitops_action.core.status.graph import graph
from gitops_action.core.status.model import (
    EnvironmentStatus,
    StatusReport,
    VersionState,
    VersionStatus,
)
from gitops_action.core.status.words import edge_label, hold_words, sentence, since

_SHAPES: Mapping[VersionState, str] = {
    "runs": "●",
    "deploying": "◐",
    "waits": "◔",
    "failed": "✖",
    "unknown": "?",
    "held": "■",
    "proposed": "+",
    "was here": "○",
    "skipped": "·",
}
"""A shape for each word, so that colour is not needed to distinguish them."""


def page_context_of(report: StatusReport, rows: int) -> dict[str, object]:
    """The variables, with as many versions of each application as `rows`.

    What runs, waits or is held is shown whatever its age.
    """
    return {
        "repository": report.repository or "checkout",
        "commit": report.commit,
        "commit_url": f"{report.pages}/commit/{report.commit}" if report.pages else "",
        "as_of": utc(report.now),
        "as_of_iso": report.now.isoformat(timespec="seconds"),
        "environments": [_environment(one, report) for one in report.environments],
        "graph": graph(report.environments),
        "applications": list(_applications(report, rows)),
        "legend": [{"shape": shape, "word": word} for word, shape in _SHAPES.items()],
        "holds": [
            {"text": hold_words(one, report.now), "active": one.active(report.now)}
            for one in report.holds.holds
        ],
        "dora": _dora(report.dora),
        "notes": report.notes,
    }


def _dora(report: DoraReport | None) -> dict[str, object] | None:
    if report is None:
        return None
    return {
        "heading": heading(report),
        "metrics": page_metrics(report),
        "head": dora_table(report)[0],
        "rows": dora_rows(report),
    }


def _environment(one: EnvironmentStatus, report: StatusReport) -> dict[str, object]:
    label = edge_label(one)
    return {
        "name": one.name,
        "sentence": sentence(one),
        "production": one.production,
        "url": one.url if one.url.startswith("https://") else "",
        "after": one.after,
        "gate": label,
        "drift": drift_words(one.drift),
        "drift_url": _own(one.drift.url, report),
        "trouble": any(item.health == "failing" for item in one.running)
        or one.drift.word == "drifted",
        "proposals": [
            {"number": item.number, "url": _own(item.url, report), "title": item.title}
            for item in one.proposals
        ],
    }


def _applications(report: StatusReport, rows: int) -> Iterator[dict[str, object]]:
    """Each application's versions, newest first; the older ones are counted."""
    by_application: dict[str, list[dict[str, object]]] = {}
    left: dict[str, int] = {}
    for (application, version), found in report.versions().items():
        shown = by_application.setdefault(application, [])
        kept = any(one.state not in {"was here", "skipped", "failed"} for one in found.values())
        if len(shown) < rows or kept:
            cells = [_cell(found.get(one.name), report) for one in report.environments]
            shown.append({"version": version, "cells": cells})
        else:
            left[application] = left.get(application, 0) + 1
    for application, shown in by_application.items():
        yield {"name": application, "versions": shown, "left": left.get(application, 0)}


def _cell(one: VersionStatus | None, report: StatusReport) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "shape": _SHAPES[one.state],
        "word": one.state,
        "held": bool(one.hold) and one.state != "held",
        "when": since(one.since) if one.since else "",
        "health": one.health or "",
        "hold": one.hold.reason if one.hold else "",
        "number": one.number,
        "url": f"{report.pages}/pull/{one.number}" if report.pages and one.number else "",
        "run": _own(one.url, report) if not one.number else "",
    }


def _own(url: str, report: StatusReport) -> str:
    """An address of the repository's own; empty for any other, which anyone may have written."""
    return url if report.pages and url.startswith(f"{report.pages}/") else ""
