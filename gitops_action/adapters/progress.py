"""Shows how far a deployment is, while it goes on: groups in a job's log, colours on a terminal."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from gitops_action.adapters.workflow import Reporter
from gitops_action.core.deploy.result import Progress, ProgressTone
from gitops_action.core.outcome import Part, Tone

_TONES: dict[ProgressTone, Tone] = {"good": "new", "bad": "old", "quiet": "quiet", "plain": "plain"}


class ProgressTellers:
    """Makes the tellers of a run, which share one surface."""

    def __init__(self, reporter: Reporter) -> None:
        """Nothing is shown yet."""
        self._reporter = reporter
        self._lock = threading.Lock()
        self._group = ExitStack()

    def of(self, environment: str, target: str) -> ReporterTeller:
        """A target's teller; `target` is empty where it is the environment's only one."""
        return ReporterTeller(self, environment, target)

    def phase(self, environment: str, target: str, text: str) -> None:
        """Begin a group; several targets at once have no groups, but their names on each line."""
        with self._lock:
            self._group.close()
            title = f"{environment}: {text}"
            if target:
                self._reporter.line((Part(text=f"[{target}] {title}", tone="strong"),))
            else:
                self._group.enter_context(self._reporter.group(title))

    def tell(self, target: str, progress: Progress) -> None:
        """Write one line."""
        words = f"{progress.object_id} {progress.text}" if progress.object_id else progress.text
        name = f"[{target}] " if target else "  "
        with self._lock:
            self._reporter.line((Part(text=f"{name}{words}", tone=_TONES[progress.tone]),))

    def close(self) -> None:
        """End the group that is open."""
        with self._lock:
            self._group.close()


class ReporterTeller:
    """Implements the port `Teller` for one target."""

    def __init__(self, tellers: ProgressTellers, environment: str, target: str) -> None:
        """Belong to the run's tellers."""
        self._tellers = tellers
        self._environment = environment
        self._target = target

    def phase(self, text: str) -> None:
        """A part of the work begins."""
        self._tellers.phase(self._environment, self._target, text)

    def tell(self, progress: Progress) -> None:
        """Something happened in it."""
        self._tellers.tell(self._target, progress)
