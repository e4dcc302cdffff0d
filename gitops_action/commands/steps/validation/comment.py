"""Where the comment goes: into a file, and onto the pull request, in one place of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitops_action.commands.steps.validation.ports import Comments
from gitops_action.core.outcome import Notice
from gitops_action.core.report.validation import ValidationReport
from gitops_action.errors import DeniedError, GitOpsError

MARKER = "validate"
"""Tells our comment from others; it is hidden in the comment's first line."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What to say about the comment; `failed` when it should be there and is not."""

    notices: tuple[Notice, ...] = ()
    failed: bool = False


def post_comment(report: ValidationReport, text: str, comments: Comments | None) -> Posted:
    """Write the comment, unless it would be about an older commit than the newest.

    A run for the newer head writes its own, and ours must not come after it. A token that may not
    comment (a fork's pull request) is no failure of the validation; every other reason is.
    """
    if comments is None:
        return Posted()
    if report.number is None:
        return _noted("there is no pull request to comment on")
    if report.moved_to:
        return _noted("no comment was written: the run for the newer commit writes it")
    try:
        comments.comment(report.number, body=text, marker=MARKER)
    except DeniedError as error:
        return _noted(f"no comment was written: {error}")
    except GitOpsError as error:
        return Posted(notices=(Notice(level="error", text=str(error)),), failed=True)
    return Posted()


def write_text(text: str, write: Callable[[str], None] | None) -> None:
    """Write the comment's text to the file that was asked for.

    Raises:
        GitOpsError: it cannot be written.
    """
    if write:
        write(f"{text}\n")


def _noted(text: str) -> Posted:
    return Posted(notices=(Notice(level="notice", text=text),))
