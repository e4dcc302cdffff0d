"""Makes what the demo needs later while it shows what it can already show."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from testbed import parts, progress
from testbed.process import PartError


class Preparation:
    """Parts that are made in the background; each step is one line on standard error."""

    def __init__(self, names: Sequence[str]) -> None:
        """Begin."""
        self._failure: PartError | None = None
        progress.use_lines()
        self._thread = threading.Thread(target=self._make, args=(names,), daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether nothing is left to make."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Wait until everything is there.

        Raises:
            PartError: a part cannot be had.
        """
        self._thread.join()
        if self._failure:
            raise self._failure

    def _make(self, names: Sequence[str]) -> None:
        try:
            if missing := parts.missing(names):
                parts.build(missing)
        except PartError as error:
            self._failure = error
