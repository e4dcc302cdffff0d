"""The secondary rate limits (documentation "Rate limits for the REST API").

Content-creating requests: 80 a minute and 500 an hour, for each account. They are off until a test
asks for them with `forge.limit_content()`; the forge's clock counts, so `advance_clock(60)` frees
a minute's share.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from datetime import datetime

from testbed.forge.errors import ApiError

MINUTE, HOUR = 60.0, 3600.0


class ContentLimit:
    """Counts content-creating requests in sliding spans; off while `per_minute` is None."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Start switched off."""
        self.per_minute: int | None = None
        self.per_hour: int = 500
        self._now = now
        self._times: dict[str, collections.deque[float]] = {}
        self._lock = threading.Lock()

    def spend(self, login: str) -> None:
        """Count one request of an account.

        Raises:
            ApiError: 403 with Retry-After, too many in this minute or hour.
        """
        if self.per_minute is None:
            return
        now = self._now().timestamp()
        with self._lock:
            times = self._times.setdefault(login, collections.deque())
            while times and now - times[0] >= HOUR:
                times.popleft()
            for span, most in ((MINUTE, self.per_minute), (HOUR, self.per_hour)):
                inside = [at for at in times if now - at < span]
                if len(inside) >= most:
                    raise secondary(int(span - (now - inside[0])) + 1)
            times.append(now)


def secondary(wait: int) -> ApiError:
    """Return the refusal of a secondary rate limit."""
    return ApiError(
        status=403,
        message="You have exceeded a secondary rate limit. Please wait a few minutes before you "
        "try again.",
        kind="RATE_LIMITED",
        headers={"Retry-After": str(wait)},
    )
