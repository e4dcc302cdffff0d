"""The secondary rate limit: content-creating requests a minute (documentation "Rate limits")."""

from __future__ import annotations

import collections
import threading
import time

from testbed.forge.errors import ApiError

MINUTE = 60.0


class ContentLimit:
    """Counts content-creating requests in a sliding minute; off while `per_minute` is None."""

    def __init__(self) -> None:
        """Start switched off."""
        self.per_minute: int | None = None
        self._times: collections.deque[float] = collections.deque()
        self._lock = threading.Lock()

    def spend(self) -> None:
        """Count one request.

        Raises:
            ApiError: 403 with Retry-After, too many in this minute.
        """
        if self.per_minute is None:
            return
        now = time.monotonic()
        with self._lock:
            while self._times and now - self._times[0] > MINUTE:
                self._times.popleft()
            if len(self._times) >= self.per_minute:
                wait = int(MINUTE - (now - self._times[0])) + 1
                raise secondary(wait)
            self._times.append(now)


def secondary(wait: int) -> ApiError:
    """Return the refusal of a secondary rate limit."""
    return ApiError(
        status=403,
        message="You have exceeded a secondary rate limit. Please wait a few minutes before you "
        "try again.",
        kind="RATE_LIMITED",
        headers={"Retry-After": str(wait)},
    )
