"""The clock: the time of day, and pauses between tries."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from random import Random

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import UsageError

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, kw_only=True)
class SystemClock:
    """The system's clock, or one that stands still.

    Attributes:
        frozen_at: what `now` says for the whole run; None for the system's time.
        random: where the jitter comes from.
        sleep: waits for that many seconds.
    """

    frozen_at: datetime | None = None
    random: Random = field(default_factory=Random)
    sleep: Callable[[float], None] = time.sleep

    def now(self) -> datetime:
        """The present in UTC."""
        return self.frozen_at or datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever grow; a frozen clock has them too."""
        return time.monotonic()

    def pause(self, attempt: int) -> None:
        """Wait before try number `attempt`: up to 0.25 s, doubling each time, 10 s at most.

        The length is drawn from the upper half of that range: tries of several runs that
        collided spread out, and none comes back at once.
        """
        ceiling = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, 16))
        self.sleep(self.random.uniform(ceiling / 2, ceiling))


def system_clock(environ: Mapping[str, str]) -> SystemClock:
    """The clock of this run; `SOURCE_DATE_EPOCH` (reproducible-builds.org) freezes it.

    Raises:
        UsageError: `SOURCE_DATE_EPOCH` is not a number of seconds.
    """
    text = environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        return SystemClock()
    try:
        return SystemClock(frozen_at=datetime.fromtimestamp(int(text), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            "SOURCE_DATE_EPOCH is not valid",
            cause=f"{text!r} is not a number of seconds since 1970",
            fix="set it like `SOURCE_DATE_EPOCH=1767225600`, or unset it",
        ) from error
