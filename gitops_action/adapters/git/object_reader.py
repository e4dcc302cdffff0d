"""Sizes and content of objects, by one Git process that answers as long as it is asked.

A command reads objects several times, and to start a process each time costs more than to answer.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_action.adapters.git.command import GitCommand
from gitops_action.adapters.process import end
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:
    from subprocess import Popen

_AT_ONCE = 500
"""Objects that are asked for before answers are read: their lines fit into a pipe."""
_CHUNK = 1 << 16
_BLOB = "blob"
_FOUND = 3
"""Words of an answer about an object that is there: id, kind and size."""


class ObjectReader:
    """Answers from `git cat-file --batch-command` (Git 2.36); close it at the end."""

    def __init__(self, git: GitCommand) -> None:
        """Take the repository; the process starts with the first question."""
        self._git = git
        self._lock = threading.Lock()  # folders are rendered side by side
        self._process: Popen[bytes] | None = None
        self._read = bytearray()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        self._read.clear()
        if process is not None:
            end(process)

    def sizes(self, objects: Sequence[str]) -> Mapping[str, int]:
        """The sizes of those objects that are at hand, by their ids."""
        answers = self._answers("info", objects)
        return {words[0]: int(words[2]) for words, _ in answers if len(words) == _FOUND}

    def contents(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The bytes of those blobs that are at hand, some at a time to bound memory."""
        for words, data in self._answers("contents", blobs):
            if len(words) == _FOUND and words[1] == _BLOB:
                yield words[0], data

    def _answers(self, verb: str, names: Sequence[str]) -> Iterator[tuple[list[str], bytes]]:
        asked = [name for name in names if name.split() == [name]]  # a space would end it
        for start in range(0, len(asked), _AT_ONCE):
            with self._lock:
                answers = self._ask(verb, asked[start : start + _AT_ONCE])
            yield from answers

    def _ask(self, verb: str, names: Sequence[str]) -> list[tuple[list[str], bytes]]:
        try:
            process = self._running()
            assert process.stdin is not None  # noqa: S101 - it was started with a pipe
            process.stdin.write("".join(f"{verb} {name}\n" for name in names).encode())
            process.stdin.flush()
            return [self._answer(verb) for _ in names]
        except BaseException as error:
            self.close()  # what it would still answer belongs to no later question
            if isinstance(error, OSError):
                raise GitOpsError("`git cat-file` failed", cause=str(error)) from error
            raise

    def _answer(self, verb: str) -> tuple[list[str], bytes]:
        """One of them (git-cat-file, "BATCH OUTPUT")."""
        words = self._line().decode().split()
        if verb == "info" or len(words) != _FOUND:
            return words, b""
        return words, self._take(int(words[2]) + 1)[:-1]

    def _line(self) -> bytes:
        while (at := self._read.find(b"\n")) < 0:
            self._fill()
        return self._take(at + 1)

    def _take(self, count: int) -> bytes:
        while len(self._read) < count:
            self._fill()
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken

    def _fill(self) -> None:
        process = self._running()
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        number = process.stdout.fileno()
        ready = select.poll()
        ready.register(number, select.POLLIN)
        if not ready.poll(self._git.timeout * 1000):
            raise OSError(f"no answer within {self._git.timeout:g} s")
        data = os.read(number, _CHUNK)
        if not data:
            raise OSError(f"it ended with exit code {process.wait()}")
        self._read += data

    def _running(self) -> Popen[bytes]:
        if self._process is None:
            self._process = self._git.start(["cat-file", "--batch-command"])
        return self._process
