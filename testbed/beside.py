"""Run tasks of the Makefile at the same time: `python -m testbed.beside TASK…`.

Tests of the container and the workflows wait most of their time, while the others compute. Each
line is shown with the task that it comes from. All tasks run to their end, so that one run shows
everything that fails; Ctrl-C and the end of this process end them all.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from testbed import reaper

_MAKE = ("make", "--no-print-directory", "--assume-old=parts")
_INTERRUPTED = 130


@dataclass(kw_only=True)
class Task:
    """A task that runs, and how it ended."""

    name: str
    process: subprocess.Popen[str]
    seconds: float = 0
    began: float = field(default_factory=time.monotonic)

    def show(self) -> None:
        """Print its lines until it ends."""
        for line in self.process.stdout or ():
            print(f"{self.name} | {line}", end="", flush=True)
        self.process.wait()
        self.seconds = time.monotonic() - self.began

    def result(self) -> str:
        """How it ended, for the last lines."""
        code = self.process.returncode
        ended = "" if code == 0 else f", exit code {code}"
        return f"{self.name}: {self.seconds:.0f} s{ended}"


def start(name: str) -> Task:
    """Start a task; the variables of the surrounding make reach it."""
    process = subprocess.Popen(
        [*_MAKE, name],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return Task(name=name, process=process)


def main(names: Sequence[str]) -> int:
    """Run them; gives 1 where one of them failed."""
    reaper.protect()
    tasks = [start(name) for name in names]
    threads = [threading.Thread(target=task.show) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:  # the tasks got the signal too, and the threads end with them
        return _INTERRUPTED
    print("\n".join(task.result() for task in tasks))
    return int(any(task.process.returncode for task in tasks))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
