"""What a run that did not end well says: expected errors, interruptions, bugs."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action import __version__
from gitops_action.errors import EXIT_BUG, EXIT_INTERRUPTED, GitOpsError, GitOpsErrors


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed run.

    Attributes:
        command: what was run; empty when that was not known yet.
        exit_code: by the table of the documentation.
        error: what is told first.
        errors: the single errors where several were found.
        traceback: for bugs only.
    """

    command: str
    exit_code: int
    error: GitOpsError
    errors: tuple[GitOpsError, ...] = ()
    traceback: str = ""


def describe(error: BaseException, command: str, environ: Mapping[str, str]) -> Failure:
    """Turn whatever ended the run into what is said about it."""
    if isinstance(error, GitOpsErrors):
        return Failure(command=command, exit_code=error.exit_code, error=error, errors=error.errors)
    if isinstance(error, GitOpsError):
        return Failure(command=command, exit_code=error.exit_code, error=error)
    if isinstance(error, KeyboardInterrupt):
        interrupted = GitOpsError(
            "Interrupted",
            cause="the run was stopped from outside",
            fix="run it again: it goes on from the state it finds",
        )
        return Failure(command=command, exit_code=EXIT_INTERRUPTED, error=interrupted)
    return Failure(
        command=command,
        exit_code=EXIT_BUG,
        error=_bug(error, environ),
        traceback="".join(traceback.format_exception(error)),
    )


def _bug(error: BaseException, environ: Mapping[str, str]) -> GitOpsError:
    action = environ.get("GITHUB_ACTION_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    where = f"{server}/{action}/issues/new" if action else "the issue tracker of gitops-action"
    versions = f"gitops-action {__version__}, Python {platform.python_version()}"
    return GitOpsError(
        "This is a bug in gitops-action",
        cause=f"{type(error).__name__}: {error}",
        fix=f"report it at {where} with the traceback of the log and: {versions}",
    )
