"""The environments and their order as a graph (Mermaid's flowchart syntax)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from gitops_action.core.config.gates import Approvals, Gates
from gitops_action.core.config.resolved import Environment
from gitops_action.core.config.values import format_duration

_SPECIAL = '#&<>"`'


def as_mermaid(environments: Sequence[Environment]) -> str:
    """A node for each environment with its folder, gates and engine; arrows follow `after`.

    Names do not become ids, because some of them are words of the syntax (`end`).
    """
    ids = {item.name: f"e{number}" for number, item in enumerate(environments)}
    lines = ["flowchart LR"]
    lines += [f'  {ids[item.name]}["{_label(item)}"]' for item in environments]
    lines += [
        f"  {ids[before]} --> {ids[item.name]}"
        for item in environments
        for before in item.after
        if before in ids
    ]
    return "\n".join(lines)


def _label(environment: Environment) -> str:
    lines = [environment.name, environment.path or ".", *_gates(environment.gates)]
    lines.append(f"merge: {environment.merge}")
    engines = [f"{target.engine} ({target.name})" for target in environment.deploy.targets]
    if engines:
        lines.append(f"deploy: {', '.join(engines)}")
    return "<br/>".join(_escaped(line) for line in lines)


def _gates(gates: Gates | None) -> Iterator[str]:
    """Each gate in one line."""
    if gates is None:
        return
    if gates.soak:
        yield f"soak {format_duration(gates.soak)}"
    for window in gates.windows:
        length = format_duration(window.duration)
        yield f"{window.effect} {window.cron} for {length} ({window.timezone})"
    if gates.approvals.count:
        yield _approvals(gates.approvals)
    if gates.checks:
        yield f"checks: {', '.join(gates.checks)}"
    for item in gates.http:
        yield f"asks {urlsplit(item.url).netloc}"


def _approvals(approvals: Approvals) -> str:
    people = ", ".join((*approvals.teams, *approvals.users))
    plural = "s" if approvals.count > 1 else ""
    return f"{approvals.count} approval{plural}{f' of {people}' if people else ''}"


def _escaped(text: str) -> str:
    """Text inside a quoted label: Mermaid's entity codes for what would end or change it."""
    return "".join(f"#{ord(letter)};" if letter in _SPECIAL else letter for letter in text)
