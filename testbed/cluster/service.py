"""One long-running program of the control plane: started, watched while it starts, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from testbed import reaper
from testbed.process import PartError

_TAIL = 3000
_GRACE = 20.0
_POLL = 0.05
_LAZY = {"GOGC": "400", "GOMEMLIMIT": "768MiB"}
"""Programs in Go collect garbage less often here: processors are scarcer than memory."""


class Service:
    """A process with a log file; ended for certain by `stop`."""

    def __init__(
        self, name: str, command: list[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start it. It leads a session of its own, so that Ctrl-C is ours to handle."""
        self.name = name
        self.log = log
        reaper.protect()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env=_LAZY | (os.environ if env is None else reaper.marked(env)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready.

        Raises:
            PartError: it ended, or was not ready in time; carries the end of its log.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None:
                raise PartError(f"{self.name} ended by itself:\n{self._tail()}")
            if time.monotonic() > deadline:
                raise PartError(f"{self.name} is not ready after {seconds:.0f} s:\n{self._tail()}")
            time.sleep(_POLL)

    def stop(self, *, grace: float = _GRACE) -> None:
        """End it: politely, and for certain after `grace` seconds."""
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
