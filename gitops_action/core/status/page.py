"""The variables of the status page: plain values that the view lays out and escapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.dora.metrics import DoraReport
from gitops_action.core.dora.words import heading, page_metrics
from gitops_action.core.gates.model import utc
from gitops_action.core.report.dora import dora_rows, dora_table
from gitops_action.core.status import words
from gitops_action.core.status.drift import drift_words
from gitops_action.core.status.graph import graph
from gitops_action.core.status.model import (
    EnvironmentStatus,
    StatusReport,
    VersionState,
    VersionStatus,
)

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
_PAST: frozenset[VersionState] = frozenset({"was here", "skipped", "failed"})
"""States of versions that nothing waits for any more."""


def page_context_of(report: StatusReport, detailed: int, listed: int) -> dict[str, object]:
    """The variables.

    What runs, waits or is held is shown in detail whatever its age.

    Args:
        report: what is shown.
        detailed: how many versions of each application are shown with a cell that opens.
        listed: how many older ones follow in a table of dates.
    """
    return {
        "repository": report.repository or "checkout",
        "commit": report.commit,
        "commit_url": f"{report.pages}/commit/{report.commit}" if report.pages else "",
        "as_of": utc(report.now),
        "as_of_iso": report.now.isoformat(timespec="seconds"),
        "environments": [_environment(one, report) for one in report.environments],
        "graph": graph(report.environments, report.now),
        "applications": list(_applications(report, detailed, listed)),
        "legend": [{"shape": shape, "word": word} for word, shape in _SHAPES.items()],
        "holds": [
            {"text": words.hold_words(one, report.now), "active": one.active(report.now)}
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
    return {
        "name": one.name,
        "sentence": words.sentence(one),
        "production": one.production,
        "url": one.url if one.url.startswith("https://") else "",
        "after": one.after,
        "gate": ", ".join(filter(None, (words.edge_label(one), words.opening(one, report.now)))),
        "drift": drift_words(one.drift),
        "drift_url": _own(one.drift.url, report),
        "trouble": words.needs_attention(one),
        "proposals": [
            {"number": item.number, "url": _own(item.url, report), "title": item.title}
            for item in one.proposals
        ],
    }


def _applications(report: StatusReport, detailed: int, listed: int) -> Iterator[dict[str, object]]:
    """Each application's versions, newest first; those that are in neither table are counted."""
    by_application: dict[str, list[tuple[str, Mapping[str, VersionStatus]]]] = {}
    for (application, version), found in report.versions().items():
        by_application.setdefault(application, []).append((version, found))
    names = [one.name for one in report.environments]
    for application, versions in by_application.items():
        shown = [
            (version, found)
            for place, (version, found) in enumerate(versions)
            if place < detailed or any(one.state not in _PAST for one in found.values())
        ]
        known = {version for version, _ in shown}
        older = [one for one in versions if one[0] not in known]
        yield {
            "name": application,
            "versions": [
                {"version": version, "cells": [_cell(found.get(name), report) for name in names]}
                for version, found in shown
            ],
            "older": [
                {"version": version, "cells": [_date(found.get(name)) for name in names]}
                for version, found in older[:listed]
            ],
            "left": len(older[listed:]),
        }


def _date(one: VersionStatus | None) -> str:
    """`2026-11-24 #7`, `failed 2026-11-24`: what was here is the rule, and has no word."""
    if one is None:
        return ""
    word = "" if one.state == "was here" else one.state
    day = f"{one.since:%Y-%m-%d}" if one.since else ""
    held = "on hold" if one.hold else ""
    return " ".join(filter(None, (word, day, f"#{one.number}" if one.number else "", held)))


def _cell(one: VersionStatus | None, report: StatusReport) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "shape": _SHAPES[one.state],
        "word": one.state,
        "held": bool(one.hold) and one.state != "held",
        "when": words.since(one.since) if one.since else "",
        "health": one.health or "",
        "hold": one.hold.reason if one.hold else "",
        "number": one.number,
        "url": f"{report.pages}/pull/{one.number}" if report.pages and one.number else "",
        "run": _own(one.url, report) if not one.number else "",
    }


def _own(url: str, report: StatusReport) -> str:
    """An address of the repository's own; empty for any other, which anyone may have written."""
    return url if report.pages and url.startswith(f"{report.pages}/") else ""
