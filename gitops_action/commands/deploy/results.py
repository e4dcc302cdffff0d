"""The books of one run: what became of each object, what failed, and why it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.commands.deploy.wait import WaitResult
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.objects import Placed
from gitops_action.core.deploy.result import (
    Action,
    Failure,
    ObjectResult,
    Result,
    TargetResult,
    result_of,
)
from gitops_action.core.flux.status import id_of, inventory_of
from gitops_action.core.flux.verdict import FluxVerdict
from gitops_action.core.manifests.model import ManifestError, ObjectId
from gitops_action.core.redaction.known import masked_lines
from gitops_action.errors import GitOpsError

ENDS = (errors.UnreachableError, errors.ExpiredError, errors.LeaseLostError, errors.StoppedError)
"""What ends a run without saying whether the environment is well: the result is unknown."""


_LASTING = (errors.InvalidError, ManifestError, errors.TooLargeError)
"""What the same content meets again."""


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
        self._undetermined: tuple[Failure, ...] = ()
        self.written = 0

    def has_failed(self) -> bool:
        """Something is certain to be wrong."""
        return bool(self._failures)

    def open(self, objects: Iterable[Placed]) -> None:
        """Know the objects; those without a later entry were skipped."""
        for one in objects:
            self._rows[one.id] = ObjectResult(id=one.id, action=Action.SKIPPED)

    def set(self, *rows: ObjectResult) -> None:
        """Say what became of objects."""
        self._rows.update({row.id: row for row in rows})

    def row(self, item: ObjectId) -> ObjectResult:
        """What is reported of an object so far."""
        return self._rows.get(item) or ObjectResult(id=item, action=Action.SKIPPED)

    def wrote(self, item: ObjectId, action: Action, note: str = "", *, shown: bool = True) -> None:
        """An object was written; it has a line of its own where it is `shown`."""
        self.written += 1
        self.set(ObjectResult(id=item, action=action, note=note))
        if shown:
            self._run.teller.tell(Progress(text=action.value, object_id=item))

    def count(self, items: Iterable[ObjectId]) -> None:
        """One line about many objects."""
        counts = Counter(self.row(item).action.value for item in items)
        text = ", ".join(f"{number} {action}" for action, number in counts.items())
        self._run.teller.tell(Progress(text=text))

    def refused(self, item: ObjectId | None, error: GitOpsError) -> None:
        """Something is wrong, for certain."""
        sentence = f"{error.title}: {error.cause}" if error.cause else error.title
        place = f"{error.location}: " if error.location else ""
        failure = Failure(
            sentence=f"{place}{sentence}",
            object_id=item,
            fix=error.fix,
            lasting=isinstance(error, _LASTING),
            location=error.location,
        )
        self._failures.append(failure)
        if item is not None:
            self.set(ObjectResult(id=item, action=Action.FAILED, note=error.title))
        named = item if failure.about else None
        self._run.teller.tell(Progress(text=sentence, object_id=named, tone="bad"))

    def fail(self, *failures: Failure) -> None:
        """The same, in the words of its observer."""
        self._failures += failures

    def note(self, *texts: str) -> None:
        """What a person should know."""
        self._notes += [text for text in texts if text not in self._notes]

    def differ(self, differences: tuple[ObjectDiff, ...]) -> None:
        """How what lives differs from what is described; of a dry run."""
        self._differences = differences

    def end(self, error: GitOpsError) -> None:
        """The run ends before its end, and how the environment is cannot be determined."""
        self._ended = error

    def undetermined(self, *failures: Failure) -> None:
        """It went to its end, and health could not be determined."""
        self._undetermined += failures

    def result(self) -> TargetResult:
        """The run as it can be determined now."""
        rows = tuple(self._rows.values())
        return TargetResult(
            target=self._run.target.name,
            result=self._verdict(rows),
            objects=rows,
            failures=(*self._failures, *self._undetermined, *self._ending()),
            notes=tuple(self._notes),
            differences=self._differences,
        )

    def _verdict(self, rows: tuple[ObjectResult, ...]) -> Result:
        if self._failures:
            return Result.FAILED
        if self._ended or self._undetermined:
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


# What a run by Flux comes to: the objects of the inventories, failures, what cannot be determined.

_LONGEST = 1_000
"""Characters of a controller's message; it may hold the errors of hundreds of objects."""


class Book:
    """Kept while the run goes on; whatever ends it, the result says how far it got."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is known yet."""
        self._run = run
        self._before: dict[ObjectId, None] = {}
        self._rows: dict[ObjectId, ObjectResult] = {}
        self._failures: list[Failure] = []
        self._undetermined: list[Failure] = []
        self._notes: dict[str, None] = {}

    def open(self, kustomizations: Mapping[ObjectId, LiveObject]) -> None:
        """Know what there was before."""
        for body in kustomizations.values():
            self._before.update(dict.fromkeys(one for one, _ in inventory_of(body)))

    def applied(self, body: LiveObject, *, reached: bool) -> None:
        """What a Kustomization holds; what it held before and does not any more was pruned."""
        action = Action.APPLIED if reached else Action.SKIPPED
        note = "" if reached else f"{id_of(body)} has not applied the commit"
        for one, _ in inventory_of(body):
            known = self._rows.get(one)
            health = known.health if known else None
            seconds = known.seconds if known else None
            self._rows[one] = ObjectResult(
                id=one, action=action, health=health, seconds=seconds, note=note
            )

    def pruned(self) -> None:
        """Say what is gone; only where every Kustomization has come to the commit."""
        for one in self._before:
            if one not in self._rows:
                self._rows[one] = ObjectResult(id=one, action=Action.PRUNED)

    def looked(self, waited: WaitResult) -> None:
        """What our own look at health found."""
        self.note(*waited.notes)
        for one in waited.objects:
            self._rows[one.id] = ObjectResult(
                id=one.id, action=Action.APPLIED, health=one.health, seconds=one.seconds
            )

    def failed(self, *failures: Failure) -> None:
        """It is certain."""
        self._failures += failures

    def fail(self, one: ObjectId | None, verdict: FluxVerdict, ending: str = "") -> None:
        """It is certain, in the words of a verdict."""
        self._failures.append(self._failure(one, verdict, ending))

    def untell(self, one: ObjectId | None, verdict: FluxVerdict, ending: str = "") -> None:
        """It cannot be determined, and why."""
        self._undetermined.append(self._failure(one, verdict, ending))

    def undetermined(self, *failures: Failure) -> None:
        """It cannot be determined, in the words of its observer."""
        self._undetermined += failures

    def refused(self, error: GitOpsError, *, certain: bool) -> None:
        """It could not even be waited for, or no longer."""
        sentence = f"{error.title}: {error.cause}" if error.cause else error.title
        failure = Failure(sentence=self.clean(sentence), fix=error.fix)
        (self._failures if certain else self._undetermined).append(failure)

    def note(self, *texts: str) -> None:
        """What a person should know."""
        self._notes.update(dict.fromkeys(texts))

    def clean(self, text: str) -> str:
        """A controller's words, fit to be shown."""
        lines = masked_lines(text.splitlines(), self._run.redactor)
        whole = " ".join(" ".join(lines).split())
        return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"

    def result(self) -> TargetResult:
        """The run as it can be determined now."""
        return TargetResult(
            target=self._run.target.name,
            result=self._verdict(),
            objects=tuple(self._rows.values()),
            failures=(*self._failures, *self._undetermined),
            notes=tuple(self._notes),
        )

    def _verdict(self) -> Result:
        if self._failures:
            return Result.FAILED
        return Result.UNKNOWN if self._undetermined else Result.SUCCEEDED

    def _failure(self, one: ObjectId | None, verdict: FluxVerdict, ending: str) -> Failure:
        """The object is named beside the sentence, not in it again."""
        sentence = self.clean(verdict.sentence).removeprefix(f"{one} ") + ending
        return Failure(sentence=sentence, object_id=one, fix=verdict.fix)
