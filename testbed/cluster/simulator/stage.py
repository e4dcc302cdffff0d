"""Plays the scripts of all pods: who is where in the script, and what comes when."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_WORKERS = 4

Act = Callable[[], float | None]
"""Does one thing and gives the pause in seconds until it wants to be called again, or None."""


class Stage:
    """Calls acts at their time on a few threads; one act never runs twice at once."""

    def __init__(self) -> None:
        """Start the threads."""
        self._due: list[tuple[float, int, Act]] = []
        self._changed = threading.Condition()
        self._number = itertools.count()
        self._pool = ThreadPoolExecutor(_WORKERS)
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, act: Act, pause: float = 0.0) -> None:
        """Call it after the pause."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + pause, next(self._number), act))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    left = self._due[0][0] - time.monotonic() if self._due else None
                    self._changed.wait(left)
                _, _, act = heapq.heappop(self._due)
            self._pool.submit(self._call, act)

    def _call(self, act: Act) -> None:
        pause = act()
        if pause is not None:
            self.add(act, pause)
