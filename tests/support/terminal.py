"""Programs that run in a terminal, and a browser that says what it is to open."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def in_terminal(
    command: Sequence[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program whose standard output is a terminal, until nobody holds that any more."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.STDOUT
    ) as process:
        os.close(theirs)
        output = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    text = output.decode().replace("\r\n", "\n")
    return subprocess.CompletedProcess(command, process.returncode, text, "")


def _read(terminal: int) -> bytes:
    with suppress(OSError):  # a terminal that nobody holds any more ends with an error
        return os.read(terminal, 65536)
    return b""


def fake_browser(folder: Path, name: str = "browser") -> tuple[Path, Path]:
    """A program that appends each address to a file; both."""
    program, seen = folder / name, folder / "seen"
    program.write_text(f'#!/bin/sh\necho "$1" >> {seen}\n', encoding="utf-8")
    program.chmod(0o755)
    return program, seen
