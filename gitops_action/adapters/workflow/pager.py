"""Text on stdout, by a pager where it is longer than the terminal is high."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import TextIO

from gitops_action.adapters.workflow.terminal import TerminalReporter
from gitops_action.core.outcome import Line
from gitops_action.core.redaction.known import Redactor

_PAGER = "less"
_LESS = "FRX"
"""As Git sets it (core.pager): leave where all fits, pass colours on, keep the screen."""


def overflows(lines: Sequence[Line], stdout: TextIO) -> bool:
    """Whether a person at a terminal would have to scroll back."""
    return stdout.isatty() and len(lines) >= shutil.get_terminal_size().lines


def show_report(
    lines: Iterable[Line], stdout: TextIO, environ: Mapping[str, str], redactor: Redactor
) -> None:
    """Write the lines in their colours, without secrets and control characters."""
    text = StringIO()
    reporter = TerminalReporter(
        stream=text,
        redactor=redactor,
        colour=stdout.isatty() and "NO_COLOR" not in environ,
    )
    for line in lines:
        reporter.line(line)
    show_text(text.getvalue(), stdout, environ)


def show_text(text: str, stdout: TextIO, environ: Mapping[str, str]) -> None:
    """Write a text that is clean already.

    `PAGER` names the pager, as it does for Git; empty or `cat` for none. Without it a terminal that
    cannot move its cursor has none. One that cannot be started costs nothing but the paging.
    """
    if overflows(text.splitlines(), stdout) and _paged(text, environ):
        return
    stdout.write(text)
    stdout.flush()


def _paged(text: str, environ: Mapping[str, str]) -> bool:
    usual = "" if environ.get("TERM", "dumb") == "dumb" else _PAGER
    command = shlex.split(environ.get("PAGER", usual))
    if not command or command == ["cat"]:
        return False
    try:
        subprocess.run(  # noqa: S603 - the person's own pager
            command, input=text, text=True, check=False, env={"LESS": _LESS, **environ}
        )
    except OSError:
        return False
    return True
