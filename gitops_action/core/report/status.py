"""The status as JSON, as a table for a terminal, and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from gitops_action.core.config import Hold
from gitops_action.core.dora.words import heading
from gitops_action.core.gates.model import utc
from gitops_action.core.markdown import cell, prose
from gitops_action.core.report.dora import dora_json, dora_markdown, dora_table
from gitops_action.core.status.drift import DriftStatus, drift_words
from gitops_action.core.status.model import (
    EnvironmentChange,
    EnvironmentStatus,
    StatusReport,
    VersionStatus,
)
from gitops_action.core.status.words import hold_words, sentence

Document = Mapping[str, object]

_HEAD = ("environment", "application", "version", "state", "since", "pull request", "gates")
_SHOWN = frozenset({"runs", "deploying", "waits", "proposed"})


def as_json(report: StatusReport) -> Document:
    """Everything, for those who lay it out themselves."""
    return {
        "repository": report.repository,
        "branch": report.branch,
        "commit": report.commit,
        "as-of": report.now.isoformat(),
        "environments": [_environment(one) for one in report.environments],
        "holds": [_hold(one, report.now) for one in report.holds.holds],
        "dora": dora_json(report.dora) if report.dora else None,
        "notes": list(report.notes),
    }


def json_text(document: Document) -> str:
    """A line for each part, and for each item of a list: `indent` takes several times as long."""
    parts = (f" {json.dumps(key)}: {_lines(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(parts) + "\n}"


def _lines(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n  " + ",\n  ".join(json.dumps(one) for one in value) + "\n ]"
    return json.dumps(value)


def _environment(one: EnvironmentStatus) -> Document:
    return _filled(
        {
            "name": one.name,
            "sentence": sentence(one),
            "production": one.production,
            "after": list(one.after),
            "url": one.url,
            "running": [_version(item) for item in one.running],
            "versions": [_version(item) for item in one.versions],
            "proposals": [_proposal(item) for item in one.proposals],
            "frozen": one.frozen.reason or "frozen" if one.frozen else "",
            "closed": one.closed,
            "opens": _time(one.opens),
            "drift": _drift(one.drift),
            "note": one.note,
        }
    )


def _drift(one: DriftStatus) -> Document:
    if one.word == "none":
        return {}
    found = {"state": one.word, "compared": _time(one.at), "reason": one.reason, "url": one.url}
    return _filled(found)


def _version(one: VersionStatus) -> Document:
    return _filled(
        {
            "application": one.application,
            "version": one.version,
            "image": one.image,
            "state": one.state,
            "since": _time(one.since),
            "health": one.health or "",
            "pull-request": one.number,
            "commit": one.commit,
            "url": one.url,
            "held": bool(one.hold),
        }
    )


def _proposal(one: EnvironmentChange) -> Document:
    return _filled(
        {
            "pull-request": one.number,
            "url": one.url,
            "title": one.title,
            "images": list(one.images),
            "word": one.word or "",
            "text": one.text,
            "opens": _time(one.opens),
        }
    )


def _hold(one: Hold, now: datetime) -> Document:
    return _filled(
        {
            "kind": one.kind,
            "environment": one.environment,
            "application": one.application or "",
            "image": str(one.image or ""),
            "reason": one.reason,
            "author": one.author,
            "since": _time(one.since),
            "until": _time(one.until),
            "active": one.active(now),
            "file": one.file,
        }
    )


def _time(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _filled(found: Document) -> Document:
    return {key: value for key, value in found.items() if value not in ("", [], {}, 0, False)}


def _rows(report: StatusReport) -> Iterator[tuple[str, ...]]:
    """What runs and what is on its way; of failures the newest version of an application."""
    for environment in report.environments:
        proposals = {one.number: one for one in environment.proposals}
        named: set[int] = set()
        seen: set[str] = set()
        for one in environment.versions:
            newest = one.application not in seen and one.state in {"failed", "unknown"}
            if one.state != "proposed":
                seen.add(one.application)
            if one.state in _SHOWN or newest:
                proposal = proposals.get(one.number) if one.state == "proposed" else None
                named |= {proposal.number} if proposal else set()
                yield _row(environment.name, one, proposal)
        for proposal in environment.proposals:
            if proposal.number not in named:
                yield (environment.name, "", "", "proposed", "", *_gates(proposal))


def _row(
    environment: str, one: VersionStatus, proposal: EnvironmentChange | None
) -> tuple[str, ...]:
    marks = [one.state, one.health or "", "on hold" if one.hold else ""]
    return (
        environment,
        one.application,
        one.version,
        ", ".join(filter(None, marks)),
        utc(one.since) if one.since else "",
        *(_gates(proposal) if proposal else (f"#{one.number}" if one.number else "", "")),
    )


def _gates(proposal: EnvironmentChange) -> tuple[str, str]:
    word = f"{proposal.word}: " if proposal.word else ""
    return f"#{proposal.number}", f"{word}{proposal.text}"


def as_table(report: StatusReport) -> Sequence[str]:
    """Lines for a terminal."""
    found = [*_aligned([_HEAD, *_rows(report)]), "", *_closed(report.environments)]
    found += [f"hold: {hold_words(one, report.now)}" for one in report.holds.holds]
    found += [
        f"{one.name}: drift: {words}"
        for one in report.environments
        if (words := drift_words(one.drift))
    ]
    if report.dora:
        found += [""] * (found[-1] != "")
        found += [f"DORA: {heading(report.dora)}", *_aligned(dora_table(report.dora))]
    return found[:-1] if found[-1] == "" else found


def _aligned(lines: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The lines with their columns below each other."""
    widths = [max(len(text) for text in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _closed(environments: Iterable[EnvironmentStatus]) -> Iterator[str]:
    for one in environments:
        if one.closed and not one.frozen:
            yield f"{one.name}: nothing merges now: {one.closed}"


def as_markdown(report: StatusReport) -> str:
    """For a job's summary: a sentence an environment, the table, holds."""
    lines = [f"- {prose(sentence(one))}" for one in report.environments]
    lines += ["", f"| {' | '.join(_HEAD)} |", f"| {' | '.join('---' for _ in _HEAD)} |"]
    lines += [
        f"| {' | '.join(cell(text) if text else '' for text in row)} |" for row in _rows(report)
    ]
    lines += [""] + [
        f"- Drift of {prose(one.name)}: {prose(words)}"
        for one in report.environments
        if (words := drift_words(one.drift))
    ]
    if report.holds.holds:
        lines += ["", "**Holds and freezes**", ""]
        lines += [f"- {prose(hold_words(one, report.now))}" for one in report.holds.holds]
    if report.dora:
        lines += ["", *dora_markdown(report.dora)]
    lines += ["", *(f"- {prose(note)}" for note in report.notes)]
    lines += ["", f"As of {utc(report.now)}, `{report.commit[:12]}`."]
    return "\n".join(lines) + "\n"
