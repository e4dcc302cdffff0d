"""A report on stdout, by a pager where it is longer than the terminal is high."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import TextIO

from gitops_action.adapters.workflow.terminal import TerminalReporter
from gitops_action.core.outcome import Line
from gitops_action.core.redaction.known import Redactor

_PAGER = "less"
_LESS = "FRX"
"""As Git sets it (core.pager): leave where all fits, pass colours on, keep the screen."""


def show_report(
    lines: Iterable[Line], stdout: TextIO, environ: Mapping[str, str], redactor: Redactor
) -> None:
    """Write the lines, without secrets and control characters.

    `PAGER` names the pager, as it does for Git; empty or `cat` for none. One that cannot be started
    costs nothing but the paging.
    """
    terminal = stdout.isatty()
    text = StringIO()
    reporter = TerminalReporter(
        stream=text, redactor=redactor, colour=terminal and "NO_COLOR" not in environ
    )
    for line in lines:
        reporter.line(line)
    whole = text.getvalue()
    if (
        terminal
        and whole.count("\n") >= shutil.get_terminal_size().lines
        and _paged(whole, environ)
    ):
        return
    stdout.write(whole)
    stdout.flush()


def _paged(text: str, environ: Mapping[str, str]) -> bool:
    command = shlex.split(environ.get("PAGER", _PAGER))
    if not command or command == ["cat"]:
        return False
    try:
        subprocess.run(  # noqa: S603 - the person's own pager
            command, input=text, text=True, check=False, env={"LESS": _LESS, **environ}
        )
    except OSError:
        return False
    return True
