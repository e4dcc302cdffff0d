"""The targets of one environment, at the same time, also when the job is cancelled meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gitops_action.core.deploy.result import Failure, Result, TargetResult

GRACE = 5.0
"""Seconds that engines have to say how far they got: GitHub kills a cancelled job after 7.5 s
(GitHub's documentation, "Workflow cancellation")."""
_GLANCE = 0.2


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the targets ended; `bug` is what an engine raised, which it never should."""

    targets: tuple[TargetResult, ...]
    interrupted: bool = False
    bug: BaseException | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """What deploys one target; exceptions of `go` are bugs."""

    target: str
    go: Callable[[], TargetResult]


@dataclass
class _Thread:
    """One target's thread and what came of it."""

    work: Work
    result: TargetResult | None = None
    bug: BaseException | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Begin; a thread that does not end must not keep the process."""
        self.thread = threading.Thread(target=self._go, daemon=True, name=self.work.target)
        self.thread.start()

    def _go(self) -> None:
        try:
            self.result = self.work.go()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            self.bug = error

    def ended(self) -> TargetResult:
        """The result; unknown where there is none."""
        if self.result is not None:
            return self.result
        sentence = (
            f"the engine broke: {type(self.bug).__name__}"
            if self.bug
            else "the job was cancelled before it was known how far this target got"
        )
        failure = Failure(sentence=sentence, fix="run it again: it goes on where this ended")
        return TargetResult(target=self.work.target, result=Result.UNKNOWN, failures=(failure,))


def deploy_targets(works: Sequence[Work], stop: threading.Event) -> Ended:
    """Run every target's work in a thread of its own, and wait for all."""
    work = [_Thread(work=one) for one in works]
    interrupted = False
    try:
        for one in work:
            one.start()
        _wait(work, float("inf"))
    except KeyboardInterrupt:
        interrupted = True
        stop.set()
        _wait(work, GRACE)
    bug = next((one.bug for one in work if one.bug), None)
    return Ended(targets=tuple(one.ended() for one in work), interrupted=interrupted, bug=bug)


def _wait(work: Sequence[_Thread], seconds: float) -> None:
    """Wait in glances, so that a signal is noticed at once."""
    end = time.monotonic() + seconds
    for one in work:
        while one.thread.is_alive() and time.monotonic() < end:
            one.thread.join(_GLANCE)
