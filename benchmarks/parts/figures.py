"""A figure with its target, and the table and document made of many."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number.

    Attributes:
        row: the benchmark it belongs to.
        name: what was measured.
        value: the number; None where it could not be measured, and `detail` says why.
        unit: what the number counts; "x" for a ratio to a peer in the same run.
        target: what it should not exceed, or be below for `exactly`; None: it is only reported.
        exactly: the value has to be the target itself.
        detail: the absolute numbers behind a ratio, and other remarks.
    """

    row: str
    name: str
    value: float | None
    unit: str
    target: float | None = None
    exactly: bool = False
    detail: str = ""

    @property
    def verdict(self) -> str:
        """`reached` or `missed`; empty where there is no target."""
        if self.target is None:
            return ""
        if self.value is None:
            return "not measured"
        good = self.value == self.target if self.exactly else self.value <= self.target
        return "reached" if good else "missed"

    def shown(self) -> str:
        """The number with its unit."""
        if self.value is None:
            return "-"
        text = f"{self.value:.0f}" if self.value == int(self.value) else f"{self.value:.3g}"
        return f"{text} {self.unit}"

    def aim(self) -> str:
        """The target as people read it."""
        if self.target is None:
            return ""
        return f"{'=' if self.exactly else '≤'} {self.target:g}"


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    table = Table(title="gitops-action, measured against its peers in one run")
    for heading in ("row", "measured", "figure", "target", "", "detail"):
        table.add_column(heading, justify="right" if heading in {"figure", "target"} else "left")
    for figure in figures:
        colour = {"reached": "green", "missed": "red"}.get(figure.verdict, "")
        verdict = f"[{colour}]{figure.verdict}[/]" if colour else figure.verdict
        table.add_row(figure.row, figure.name, figure.shown(), figure.aim(), verdict, figure.detail)
    # A pipe has no width of its own, and a cut table would say nothing.
    console = Console()
    Console(width=max(console.width, 200) if not console.is_terminal else None).print(table)


def write(figures: Sequence[Figure], target: Path, seconds: float) -> None:
    """Write the figures as JSON."""
    machine = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    document = {
        "machine": machine,
        "seconds": round(seconds, 1),
        "figures": [asdict(figure) | {"verdict": figure.verdict} for figure in figures],
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
