"""Lays outcomes and failures out on a surface, and as one JSON document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitops_action.adapters.workflow import Surface
from gitops_action.app.failure import Failure
from gitops_action.core.outcome import Notice, Outcome, Part
from gitops_action.errors import GitOpsError

Document = Callable[[Mapping[str, object]], None]


def show_outcome(
    command: str, outcome: Outcome, surface: Surface, document: Document | None
) -> None:
    """Outputs first: they must be there even when a later surface fails.

    The lines come last, so that a terminal ends with the address to open.
    """
    surface.outputs(outcome.outputs)
    surface.summary(outcome.summary)
    for notice in outcome.notices:
        surface.notice(notice)
    surface.line((Part(text=outcome.headline, tone="strong"),))
    for line in outcome.lines:
        surface.line(line)
    surface.close()
    if document:
        document(
            {
                "command": command,
                "exit_code": outcome.exit_code,
                "headline": outcome.headline,
                "outputs": dict(outcome.outputs),
                "notices": [_notice_json(notice) for notice in outcome.notices],
                "data": outcome.data,
            }
        )


def show_failure(failure: Failure, surface: Surface, document: Document | None) -> None:
    """Every error as an annotation with its place, the whole as a summary."""
    if failure.traceback:
        with surface.group("Traceback"), surface.untrusted():
            surface.log(failure.traceback)
    for error in failure.errors or (failure.error,):
        text = _sentences(error) or error.title
        notice = Notice(level="error", text=text, location=error.location)
        surface.notice(notice, title=error.title if text != error.title else "")
    surface.summary(_summary(failure))
    surface.close()
    if document:
        document(
            {
                "command": failure.command,
                "exit_code": failure.exit_code,
                "error": _error_json(failure.error),
                "errors": [_error_json(error) for error in failure.errors],
            }
        )


def _sentences(error: GitOpsError) -> str:
    fix = f"Fix: {error.fix}" if error.fix else ""
    return "\n".join(part for part in (error.cause, fix) if part)


def _summary(failure: Failure) -> str:
    """Markdown in which foreign text stands in code blocks only."""
    blocks = [f"### gitops-action{f' {failure.command}' if failure.command else ''} failed"]
    for error in failure.errors or (failure.error,):
        place = f"{error.location}: " if error.location else ""
        text = "\n".join(part for part in (f"{place}{error.title}", _sentences(error)) if part)
        blocks.append(_code(text))
    return "\n\n".join(blocks)


def _code(text: str) -> str:
    """A code block; indented, because no text can close such a block."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _error_json(error: GitOpsError) -> dict[str, object]:
    place = error.location
    return {
        "title": error.title,
        "cause": error.cause,
        "fix": error.fix,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _notice_json(notice: Notice) -> dict[str, object]:
    place = notice.location
    return {
        "level": notice.level,
        "text": notice.text,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
