"""What a run by Flux comes to: the objects of the inventories, failures, what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.commands.steps.deploy.wait import WaitResult
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.mask import masked_lines
from gitops_action.core.deploy.result import Action, Failure, ObjectResult, Result, TargetResult
from gitops_action.core.flux.facts import id_of, inventory_of
from gitops_action.core.flux.verdict import Verdict
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

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
        self._untold: list[Failure] = []
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

    def fail(self, one: ObjectId | None, verdict: Verdict, ending: str = "") -> None:
        """It is certain, in the words of a verdict."""
        self._failures.append(self._failure(one, verdict, ending))

    def untell(self, one: ObjectId | None, verdict: Verdict, ending: str = "") -> None:
        """It cannot be told, and why."""
        self._untold.append(self._failure(one, verdict, ending))

    def untold(self, *failures: Failure) -> None:
        """It cannot be told, in the words of whoever saw it."""
        self._untold += failures

    def refused(self, error: GitOpsError, *, certain: bool) -> None:
        """It could not even be waited for, or no longer."""
        sentence = f"{error.title}: {error.cause}" if error.cause else error.title
        failure = Failure(sentence=self.clean(sentence), fix=error.fix)
        (self._failures if certain else self._untold).append(failure)

    def note(self, *texts: str) -> None:
        """What a person should know."""
        self._notes.update(dict.fromkeys(texts))

    def clean(self, text: str) -> str:
        """A controller's words, fit to be shown."""
        lines = masked_lines(text.splitlines(), self._run.redactor)
        whole = " ".join(" ".join(lines).split())
        return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"

    def result(self) -> TargetResult:
        """The run as it can be told now."""
        return TargetResult(
            target=self._run.target.name,
            result=self._verdict(),
            objects=tuple(self._rows.values()),
            failures=(*self._failures, *self._untold),
            notes=tuple(self._notes),
        )

    def _verdict(self) -> Result:
        if self._failures:
            return Result.FAILED
        return Result.UNKNOWN if self._untold else Result.SUCCEEDED

    def _failure(self, one: ObjectId | None, verdict: Verdict, ending: str) -> Failure:
        """The object is named beside the sentence, not in it again."""
        sentence = self.clean(verdict.sentence).removeprefix(f"{one} ") + ending
        return Failure(sentence=sentence, object_id=one, fix=verdict.fix)
