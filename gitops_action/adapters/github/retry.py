"""Trying again: reads freely, writes only after a look at what the last try did.

Pauses grow and carry jitter, or are what GitHub asks for by Retry-After and X-RateLimit-Reset
(GitHub's "Best practices for using the REST API").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from gitops_action.adapters.github.failures import RequestFailure
from gitops_action.errors import OutcomeUnknownError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often and how long to try; seconds.

    A wait that GitHub asks for beyond `longest` is not sat out: the failure tells until when.
    """

    attempts: int = 5
    initial: float = 0.5
    maximum: float = 8.0
    jitter: float = 1.0
    longest: float = 120.0


class Retrier:
    """Runs requests until they succeed, fail for good, or patience ends."""

    def __init__(self, *, now: Callable[[], datetime], patience: Patience) -> None:
        """Take the clock that limits are reckoned with."""
        self._now = now
        self._patience = patience

    def read(self, action: Callable[[], T], *, attempts: int | None = None) -> T:
        """Run something that may be repeated at will.

        Raises:
            RequestFailure: the last failure, when patience ends or it will not pass.
        """
        return self._run(action, attempts)

    def write(self, action: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Run a write; after a failure that may have taken effect, `find` looks before a repeat.

        Raises:
            RequestFailure: the last failure; `find` saw that nothing had taken effect.
            OutcomeUnknownError: it may have taken effect, and `find` could not tell.
        """
        doubt = False

        def attempt() -> T:
            nonlocal doubt
            if doubt and (found := find()) is not None:
                return found
            doubt = False
            try:
                return action()
            except RequestFailure as failure:
                doubt = failure.uncertain
                raise

        try:
            return self._run(attempt, None)
        except RequestFailure:
            if doubt and (found := self._last_look(find)) is not None:
                return found
            raise

    def _last_look(self, find: Callable[[], T | None]) -> T | None:
        try:
            return self.read(find)
        except RequestFailure as failure:
            raise OutcomeUnknownError(
                "a request to GitHub was cut off, and GitHub does not tell whether it took effect",
                cause=failure.message,
                fix="run again: it looks first and does nothing twice",
            ) from None

    def _run(self, action: Callable[[], T], attempts: int | None) -> T:
        import stamina  # noqa: PLC0415 - only where GitHub is talked to

        limits = self._patience
        for attempt in stamina.retry_context(
            on=self._again,
            attempts=attempts or limits.attempts,
            timeout=None,
            wait_initial=limits.initial,
            wait_max=limits.maximum,
            wait_jitter=limits.jitter,
        ):
            with attempt:
                return action()
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def _again(self, error: Exception) -> bool | float:
        if not isinstance(error, RequestFailure) or not error.passing:
            return False
        pause = error.pause(self._now())
        if pause is None:
            return True
        return pause if pause <= self._patience.longest else False
