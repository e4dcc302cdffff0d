"""A stream that lets no known secret pass, whoever writes to it (libraries do)."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TextIO


class RedactingStream(io.TextIOBase):
    """Passes whole lines on, cleaned; what has no end yet waits for it or for `close_line`."""

    def __init__(self, target: TextIO, clean: Callable[[str], str]) -> None:
        """Write to `target`, which stays open, what `clean` makes of each line."""
        super().__init__()
        self._target = target
        self._clean = clean
        self._pending = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """As the target is."""
        return self._target.isatty()

    def write(self, text: str) -> int:
        """Pass on every line that is complete."""
        lines, end, self._pending = (self._pending + text).rpartition("\n")
        if end:
            for line in lines.split("\n"):
                self._target.write(f"{self._clean(line)}\n")
        return len(text)

    def flush(self) -> None:
        """Flush what was passed on; half a line could hold half a secret and stays."""
        self._target.flush()

    def close_line(self) -> None:
        """Pass on the rest."""
        rest, self._pending = self._pending, ""
        self._target.write(self._clean(rest))
        self._target.flush()
