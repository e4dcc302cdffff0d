"""Tells people while they wait that a request is tried again, and why."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from gitops_action.adapters.workflow import Surface

_LOGGER = "stamina"
"""Where stamina reports each retry that it schedules (its "Instrumentation" chapter)."""

_REPR = re.compile(r"\w+\((['\"])(?P<text>.*)\1\)", re.DOTALL)
"""`SomeError('its message')`, the way stamina writes down a cause."""


class _Telling(logging.Handler):
    """Makes a sentence of stamina's record."""

    def __init__(self, surface: Surface) -> None:
        """Tell it on this surface."""
        super().__init__()
        self._surface = surface

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        told = record.__dict__
        wait, number = told.get("stamina.wait_for", 0), told.get("stamina.retry_num", 1)
        cause = str(told.get("stamina.caused_by", ""))
        found = _REPR.fullmatch(cause)
        why = found["text"] if found else cause
        self._surface.log(f"{why}; retry {number} in {wait:.1f} s")


@contextmanager
def told_retries(surface: Surface) -> Iterator[None]:
    """Tell retries on the surface while the block runs; Python's own words would say nothing."""
    logger, handler = logging.getLogger(_LOGGER), _Telling(surface)
    passed_on, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = passed_on
