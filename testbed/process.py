"""Start programs and say what went wrong when they fail."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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


def stream(
    *command: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float,
    on_line: Callable[[str], None] = lambda _line: None,
) -> str:
    """Run a program as `run` does, and call `on_line` with each line of its standard error.

    Raises:
        PartError: as `run` does.
    """
    shown = " ".join(str(part) for part in command)
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except FileNotFoundError as error:
            raise PartError(f"{command[0]} is not installed") from error
        with process, _limit(process, timeout) as expired:
            told = _lines(process, on_line)
            process.wait()
            late = expired()
        if late:
            raise PartError(f"no end after {timeout:.0f} s: {shown}")
        if process.returncode:
            raise PartError(f"exit code {process.returncode} of: {shown}\n{told[-_TAIL:]}")
        output.seek(0)
        return output.read()


def _lines(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> str:
    lines = []
    for line in process.stderr or ():
        lines.append(line)
        on_line(line.rstrip("\n"))
    return "".join(lines)


@contextmanager
def _limit(process: subprocess.Popen[str], seconds: float) -> Iterator[Callable[[], bool]]:
    """Kill it after so long; gives what says whether that happened."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield timer.finished.is_set
    except BaseException:
        process.kill()
        raise
    finally:
        timer.cancel()
