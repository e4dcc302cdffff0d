"""The words of the gate: the comment on a pull request, and the job summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_action.adapters.templates import Safe, Templates
from gitops_action.core import markdown as limits
from gitops_action.core.markdown import fenced
from gitops_action.core.report.gate import GateReport, gate_context_of

_VIEW = "gate-comment.md.j2"
COMMENT_LIMIT = 59_000
"""Characters, with room for the marker: comments have 60,000 at most by design."""
_SUMMARY_LIMIT = limits.SUMMARY_LIMIT - 4096
"""Bytes, with room for what takes secrets out of it afterwards."""


class GateViews:
    """Implements the port `GateTexts`."""

    def __init__(self) -> None:
        """The view is compiled when it is first needed."""
        self._loaded: Templates | None = None

    def comment(self, report: GateReport) -> str:
        """The comment's text, counted in UTF-16 units as GitHub does at worst."""
        variables = gate_context_of(report)
        return limits.fitting(
            lambda rows: self._render(variables, rows), limits.characters, COMMENT_LIMIT
        )

    def summary(self, reports: Sequence[GateReport]) -> str:
        """Every pull request as in its comment, with as many rows as fit."""
        variables = [gate_context_of(report) for report in reports]
        titles = [f"## [#{one.number}]({one.url})" for one in reports]

        def render(rows: int) -> str:
            parts = [
                f"{title}\n\n{self._render(one, rows)}"
                for title, one in zip(titles, variables, strict=True)
            ]
            return "\n\n".join(parts) or "No pull request is open."

        return limits.fitting(render, limits.utf8_bytes, _SUMMARY_LIMIT)

    def _render(self, variables: Mapping[str, Any], rows: int) -> str:
        self._loaded = self._loaded or Templates()
        return self._loaded.view(_VIEW, _with_rows(variables, rows))


def _with_rows(variables: Mapping[str, Any], rows: int) -> dict[str, object]:
    """Lay out as many rows as are shown; our own words are printed as they are."""
    return {
        **variables,
        "rows": rows,
        "plan": Safe(variables["plan"]),
        "now": Safe(variables["now"]),
        "weaker": Safe(variables["weaker"]),
        "gates": [
            {
                **gate,
                "sign": Safe(gate["sign"]),
                "word": Safe(gate["word"]),
                "gate": Safe(gate["gate"]),
                "opens": Safe(gate["opens"]),
            }
            for gate in variables["gates"]
        ],
        "environments": [_environment(item, rows) for item in variables["environments"]],
    }


def _environment(item: Mapping[str, Any], rows: int) -> dict[str, object]:
    changes = [
        {**change, "diff": Safe(fenced(change["text"], language="diff", lines=rows))}
        for change in item["changes"][:rows]
    ]
    return {**item, "changes": [*changes, *item["changes"][rows:]]}
