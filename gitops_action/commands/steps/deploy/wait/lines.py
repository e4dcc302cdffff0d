"""What people read while it goes on: a line where something changed, and one every half minute."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait.board import Tracked
from gitops_action.core.deploy.mask import masked_lines
from gitops_action.core.deploy.progress import Progress, ProgressTone

EVERY = 30.0
"""Seconds between lines that say what is still waited for."""
_NAMED = 5


class Lines:
    """Tells progress by the run's teller."""

    def __init__(self, run: TargetRun, total: int) -> None:
        """Nothing is told yet."""
        self._run = run
        self._total = total
        self._next = EVERY

    def changed(self, tracked: Tracked) -> None:
        """An object became healthy, failed, or waits for something else."""
        seconds, shown = tracked.seconds, tracked.shown
        if tracked.certain:
            self._about(tracked, f"failed: {shown.message}", "bad")
        elif seconds is not None:
            self._about(tracked, f"is healthy after {seconds:.1f} s", "good")
        elif shown.reason:
            tone: ProgressTone = "plain" if tracked.verdict and tracked.verdict.pod else "quiet"
            self._about(tracked, f"waits ({shown.reason}): {shown.message}", tone)

    def ticked(self, waiting: Sequence[Tracked], seconds: float) -> None:
        """Time went on."""
        if seconds < self._next or not waiting:
            return
        self._next = seconds + EVERY
        healthy = self._total - len(waiting)
        text = f"{healthy} of {self._total} healthy after {seconds:.0f} s; still {named(waiting)}"
        self._run.teller.tell(Progress(text=self._clean(text)))

    def say(self, text: str) -> None:
        """Something about the whole."""
        self._run.teller.tell(Progress(text=self._clean(text)))

    def _about(self, tracked: Tracked, text: str, tone: ProgressTone) -> None:
        self._run.teller.tell(Progress(text=self._clean(text), object_id=tracked.id, tone=tone))

    def _clean(self, text: str) -> str:
        return " ".join(masked_lines(text.splitlines(), self._run.redactor))


def named(waiting: Sequence[Tracked]) -> str:
    """Some objects with what they wait for: `Deployment web/api (LessAvailable) and 3 more`."""
    shown = [
        f"{one.id} ({one.shown.reason})" if one.shown.reason else str(one.id)
        for one in waiting[:_NAMED]
    ]
    more = len(waiting) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
