"""Git as a process: one-off commands, and a long-lived reader of objects."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}


_PIECE = 256 * 1024


class GitError(Exception):
    """A Git command failed; the text is the command and what it said."""


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which no personal Git setting is seen."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, **_QUIET, **(extra or {})}


def git(
    folder: Path, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> bytes:
    """Run one Git command and return its output.

    Raises:
        GitError: it exited with another status than 0.
    """
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=stdin,
        env=environment(env),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise GitError(f"git {' '.join(arguments)}: exit {done.returncode}: {said}")
    return done.stdout


def git_stream(folder: Path, *arguments: str) -> Iterator[bytes]:
    """Run one Git command when the first piece is asked for; yield its output as it comes.

    Raises:
        GitError: it exited with another status than 0.
    """
    with subprocess.Popen(
        ["git", *arguments], cwd=folder, env=environment(), stdout=subprocess.PIPE
    ) as process:
        try:
            while process.stdout and (piece := os.read(process.stdout.fileno(), _PIECE)):
                yield piece
        except GeneratorExit:
            process.kill()
            raise
    if process.returncode:
        raise GitError(f"git {' '.join(arguments)}: exit {process.returncode}")


class ObjectReader:
    """`git cat-file --batch-command` kept open, so that a blob costs no process."""

    def __init__(self, folder: Path) -> None:
        """Read from the repository in this folder."""
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def info(self, expression: str) -> tuple[str, str, int] | None:
        """Resolve an expression to (object id, kind, size); None when there is no such object."""
        with self._lock:
            return self._ask("info", expression)

    def read(self, expression: str) -> tuple[str, str, bytes] | None:
        """Read an object: (object id, kind, content); None when there is no such object."""
        with self._lock:
            head = self._ask("contents", expression)
            if head is None:
                return None
            oid, kind, size = head
            stdout = self._streams()[1]
            data = stdout.read(size)
            stdout.read(1)
            return oid, kind, data

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def _ask(self, verb: str, expression: str) -> tuple[str, str, int] | None:
        if "\n" in expression or "\0" in expression:
            return None
        stdin, stdout = self._streams()
        stdin.write(f"{verb} {expression}\n".encode("utf-8", "surrogateescape"))
        stdin.flush()
        fields = stdout.readline().decode("utf-8", "surrogateescape").rstrip("\n").rsplit(" ", 2)
        if len(fields) != 3 or not fields[2].isdigit():  # noqa: PLR2004 - "<oid> <kind> <size>"
            return None
        return fields[0], fields[1], int(fields[2])

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch-command"],
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise GitError("git cat-file has no pipes")
        return process.stdin, process.stdout
