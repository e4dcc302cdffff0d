"""Long work, shown while it runs: what it is, how far it is, how long it usually takes.

On a terminal one line is kept up to date; elsewhere (CI, a log file) a line comes now and then.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 30.0


_lines = threading.Event()


def use_lines() -> None:
    """Show lines on a terminal as well: something else writes to it meanwhile."""
    _lines.set()


class Progress:
    """What is known of one piece of work; the worker calls `at`."""

    def __init__(self, what: str, usual: str) -> None:
        """`usual` is how long it takes on two cores when nothing is there yet."""
        self._what = what
        self._usual = usual
        self._detail = ""
        self._began = time.monotonic()

    def at(self, detail: str) -> None:
        """Say how far it is: `412 of 1,893 packages`."""
        self._detail = detail

    def line(self) -> str:
        """The line to show."""
        passed = f"{duration(time.monotonic() - self._began)} of about {self._usual}"
        return f"{self._what}: " + ", ".join(part for part in (self._detail, passed) if part)


@contextmanager
def progress(what: str, usual: str) -> Iterator[Progress]:
    """Show the work while the block runs, on standard error."""
    shown = Progress(what, usual)
    done = threading.Event()
    terminal = sys.stderr.isatty() and not _lines.is_set()
    thread = threading.Thread(target=_show, args=(shown, done, terminal), daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        done.set()
        thread.join()


def duration(seconds: float) -> str:
    """`7 s`, `5 min 12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _show(shown: Progress, done: threading.Event, terminal: bool) -> None:  # noqa: FBT001 - of a thread
    begin, end = ("\r\x1b[K", "") if terminal else ("", "\n")
    while True:
        print(f"{begin}  {shown.line()}", end=end, file=sys.stderr, flush=True)
        if done.wait(_TERMINAL_SECONDS if terminal else _LOG_SECONDS):
            break
    if terminal:
        print(begin, end="", file=sys.stderr, flush=True)
