"""What people read while Flux works."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.commands.steps.deploy.flux.book import Book
from gitops_action.commands.steps.deploy.run import Progress, TargetRun
from gitops_action.core.deploy.progress import ProgressTone
from gitops_action.core.flux.verdict import Step, Verdict
from gitops_action.core.manifests.model import ObjectId

_EVERY = 30.0
"""Seconds between lines that say what is still waited for."""
_TONES: Mapping[Step, ProgressTone] = {Step.DONE: "good", Step.FAILED: "bad"}


class Telling:
    """Tells what has changed, and now and then what has not."""

    def __init__(self, run: TargetRun, book: Book) -> None:
        """Nothing is told yet."""
        self._run = run
        self._book = book
        self._told: dict[ObjectId, str] = {}
        self._next = run.clock.monotonic() + _EVERY

    def round(self, verdicts: Mapping[ObjectId, Verdict]) -> None:
        """Tell a round's verdicts."""
        for one, verdict in verdicts.items():
            if self._told.get(one) == verdict.sentence:
                continue
            self._told[one] = verdict.sentence
            tone = _TONES.get(verdict.step, "plain")
            self._run.teller.tell(Progress(text=self._book.clean(verdict.sentence), tone=tone))
        if self._run.clock.monotonic() >= self._next:
            self._next = self._run.clock.monotonic() + _EVERY
            self._still(verdicts)

    def _still(self, verdicts: Mapping[ObjectId, Verdict]) -> None:
        waiting = [one.sentence for one in verdicts.values() if one.step is not Step.DONE]
        text = "; ".join(self._book.clean(one) for one in waiting)
        if text:
            self._run.teller.tell(Progress(text=f"Still: {text}"))
