"""The books of one run: what became of each object, what failed, and why it ended."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.commands.steps.deploy.push.lease import StoppedError
from gitops_action.commands.steps.deploy.run import Progress, TargetRun
from gitops_action.core.cluster.errors import ExpiredError, LeaseLostError, UnreachableError
from gitops_action.core.deploy.placing import Placed
from gitops_action.core.deploy.result import (
    Action,
    Failure,
    ObjectResult,
    Result,
    TargetResult,
    result_of,
)
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.validation.diff import ObjectDiff
from gitops_action.errors import GitOpsError

ENDS = (UnreachableError, ExpiredError, LeaseLostError, StoppedError)
"""What ends a run without saying whether the environment is well: the result is unknown."""


class Ledger:
    """Kept while the run goes on; whatever ends it, the result says how far it got."""

    def __init__(self, run: TargetRun) -> None:
        """Open the books."""
        self._run = run
        self._rows: dict[ObjectId, ObjectResult] = {}
        self._failures: list[Failure] = []
        self._notes: list[str] = []
        self._differences: tuple[ObjectDiff, ...] = ()
        self._ended: GitOpsError | None = None
        self._untold: tuple[Failure, ...] = ()
        self.written = 0

    def has_failed(self) -> bool:
        """Something is certain to be wrong."""
        return bool(self._failures)

    def open(self, objects: Iterable[Placed]) -> None:
        """Know the objects; those of which nothing more is said were skipped."""
        for one in objects:
            self._rows[one.id] = ObjectResult(id=one.id, action=Action.SKIPPED)

    def set(self, *rows: ObjectResult) -> None:
        """Say what became of objects."""
        self._rows.update({row.id: row for row in rows})

    def row(self, item: ObjectId) -> ObjectResult:
        """What is said of an object so far."""
        return self._rows.get(item) or ObjectResult(id=item, action=Action.SKIPPED)

    def wrote(self, item: ObjectId, action: Action, note: str = "") -> None:
        """An object was written."""
        self.written += 1
        self.set(ObjectResult(id=item, action=action, note=note))
        self._run.teller.tell(Progress(text=action.value, object_id=item))

    def refused(self, item: ObjectId | None, error: GitOpsError) -> None:
        """Something is wrong, for certain."""
        sentence = f"{error.title}: {error.cause}" if error.cause else error.title
        place = f"{error.location}: " if error.location else ""
        self._failures.append(Failure(sentence=f"{place}{sentence}", object_id=item, fix=error.fix))
        if item is not None:
            self.set(ObjectResult(id=item, action=Action.FAILED, note=error.title))
        self._run.teller.tell(Progress(text=sentence, object_id=item, tone="bad"))

    def fail(self, *failures: Failure) -> None:
        """The same, in the words of whoever saw it."""
        self._failures += failures

    def note(self, *texts: str) -> None:
        """What a person should know."""
        self._notes += [text for text in texts if text not in self._notes]

    def differ(self, differences: tuple[ObjectDiff, ...]) -> None:
        """How what lives differs from what is described; of a dry run."""
        self._differences = differences

    def end(self, error: GitOpsError) -> None:
        """The run ends before its end, and how the environment is cannot be told."""
        self._ended = error

    def untold(self, *failures: Failure) -> None:
        """It went to its end, and health could not be told."""
        self._untold += failures

    def result(self) -> TargetResult:
        """The run as it can be told now."""
        rows = tuple(self._rows.values())
        return TargetResult(
            target=self._run.target.name,
            result=self._verdict(rows),
            objects=rows,
            failures=(*self._failures, *self._untold, *self._ending()),
            notes=tuple(self._notes),
            differences=self._differences,
        )

    def _verdict(self, rows: tuple[ObjectResult, ...]) -> Result:
        if self._failures:
            return Result.FAILED
        if self._ended or self._untold:
            return Result.UNKNOWN
        return result_of(rows, ())

    def _ending(self) -> tuple[Failure, ...]:
        if self._ended is None:
            return ()
        error = self._ended
        done = f"{self.written} of {len(self._rows)} objects were written" if self._rows else ""
        parts = (error.title, error.cause, done or "nothing was written")
        sentence = "; ".join(part for part in parts if part)
        return (Failure(sentence=sentence, fix=error.fix or "run again: it goes on from here"),)
