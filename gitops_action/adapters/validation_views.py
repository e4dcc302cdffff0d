"""The words of a validation: the job summary and the pull request's comment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitops_action.adapters.templates import Safe, Templates
from gitops_action.core.report import limits
from gitops_action.core.report.fenced import fenced
from gitops_action.core.report.validation import ValidationReport
from gitops_action.core.report.validation_context import context_of

_VIEW = "validate-report.md.j2"
_SUMMARY_LIMIT = limits.SUMMARY_LIMIT - 4096
"""Bytes, with room for what takes secrets out of it afterwards."""


class ValidationViews:
    """Implements the port `ValidationTexts`."""

    def __init__(self) -> None:
        """The view is compiled when it is first needed."""
        self._loaded: Templates | None = None

    def summary(self, report: ValidationReport) -> str:
        """The job summary: at most 1 MiB."""
        return self._fitting(report, limits.utf8_bytes, _SUMMARY_LIMIT)

    def comment(self, report: ValidationReport) -> str:
        """The comment's text: within what GitHub takes, counted in UTF-16 units."""
        return self._fitting(report, limits.characters, limits.BODY_LIMIT)

    def _fitting(self, report: ValidationReport, size: Callable[[str], int], limit: int) -> str:
        variables = context_of(report)

        def render(rows: int) -> str:
            self._loaded = self._loaded or Templates()
            return self._loaded.view(_VIEW, _with_rows(variables, rows))

        return limits.fitting(render, size, limit)


def _with_rows(variables: Mapping[str, Any], rows: int) -> dict[str, object]:
    """Lay out as many rows as are shown, so that what is not shown costs nothing."""
    return {
        **variables,
        "rows": rows,
        "verdict": Safe(variables["verdict"]),
        "environments": [_environment(item, rows) for item in variables["environments"][:rows]]
        + variables["environments"][rows:],
    }


def _environment(item: Mapping[str, Any], rows: int) -> dict[str, object]:
    changes = [
        {**change, "diff": Safe(fenced(change["text"], language="diff", lines=rows))}
        for change in item["changes"][:rows]
    ]
    return {
        **item,
        "verdict": Safe(item["verdict"]),
        "changes": [*changes, *item["changes"][rows:]],
    }
