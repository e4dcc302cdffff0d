"""Start programs and say what went wrong when they fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

_TAIL = 4000


class PartError(Exception):
    """A part of the test bed could not be had, started or run; the text says why."""


def run(
    *command: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    timeout: float = 600,
) -> str:
    """Run a program to its end and return what it wrote to standard output.

    Args:
        command: the program and its arguments.
        cwd: where it runs; the current folder when None.
        env: variables on top of this process' own.
        stdin: what it reads.
        timeout: seconds until it is killed.

    Raises:
        PartError: it is not there, failed or took too long; carries the end of its output.
    """
    shown = " ".join(str(part) for part in command)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise PartError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise PartError(f"no end after {timeout:.0f} s: {shown}") from error
    if done.returncode:
        output = (done.stdout + done.stderr)[-_TAIL:]
        raise PartError(f"exit code {done.returncode} of: {shown}\n{output}")
    return done.stdout
