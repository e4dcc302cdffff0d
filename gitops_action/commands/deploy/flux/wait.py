"""The wait itself: until every Kustomization runs the commit and all of it is healthy."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.commands.deploy.flux.find import FoundKustomizations
from gitops_action.commands.deploy.flux.health import Checks
from gitops_action.commands.deploy.flux.state import CommitAncestry, Evaluating, Requests, Scene
from gitops_action.commands.deploy.results import Book
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.commands.deploy.wait import WaitResult
from gitops_action.core.cluster.errors import ExpiredError
from gitops_action.core.config.values import format_duration
from gitops_action.core.deploy.result import Failure, ProgressTone
from gitops_action.core.flux.source_match import beyond
from gitops_action.core.flux.verdict import FluxStep, FluxVerdict
from gitops_action.core.manifests.model import ObjectId

# What people read while Flux works.

_EVERY = 30.0
"""Seconds between lines that say what is still waited for."""
_TONES: Mapping[FluxStep, ProgressTone] = {FluxStep.DONE: "good", FluxStep.FAILED: "bad"}


class Telling:
    """Reports what has changed, and now and then what has not."""

    def __init__(self, run: TargetRun, book: Book) -> None:
        """Nothing is reported yet."""
        self._run = run
        self._book = book
        self._told: dict[ObjectId, str] = {}
        self._next = run.clock.monotonic() + _EVERY

    def round(self, verdicts: Mapping[ObjectId, FluxVerdict]) -> None:
        """Report a round's verdicts."""
        for one, verdict in verdicts.items():
            if self._told.get(one) == verdict.sentence:
                continue
            self._told[one] = verdict.sentence
            tone = _TONES.get(verdict.step, "plain")
            self._run.teller.tell(Progress(text=self._book.clean(verdict.sentence), tone=tone))
        if self._run.clock.monotonic() >= self._next:
            self._next = self._run.clock.monotonic() + _EVERY
            self._still(verdicts)

    def _still(self, verdicts: Mapping[ObjectId, FluxVerdict]) -> None:
        waiting = [one.sentence for one in verdicts.values() if one.step is not FluxStep.DONE]
        text = "; ".join(self._book.clean(one) for one in waiting)
        if text:
            self._run.teller.tell(Progress(text=f"Still: {text}"))


_AT_IT = frozenset({FluxStep.CHECKING, FluxStep.DONE})


class FluxWait:
    """One wait; `story` goes through it, and the book has what came of it."""

    def __init__(self, run: TargetRun, found: FoundKustomizations, book: Book) -> None:
        """Start to follow Flux's objects."""
        self._run = run
        self._book = book
        self._requests = Requests(run)
        self._scene = Scene(run, {**found.sources, **found.kustomizations})
        self._evaluating = Evaluating(found, self._scene, CommitAncestry(run), self._requests)
        self._until = run.clock.monotonic() + run.timeout.total_seconds()
        self._checks = Checks(run, self._scene, self._until)
        self._telling = Telling(run, book)

    def story(self) -> None:
        """Follow until all runs, something is certain to fail, time is over, or we are stopped.

        Raises:
            ClusterError: the account may not read what has to be read.
        """
        try:
            while not self._ended():
                self._scene.hear()
        except ExpiredError as error:
            self._book.refused(error, certain=False)
        finally:
            self._checks.close()
            self._scene.close()
            self._entered()

    def _ended(self) -> bool:
        self._evaluating.look()
        verdicts = self._evaluating.verdicts
        for one in self._evaluating.order:
            if verdicts[one].step in _AT_IT:
                self._checks.follow(one)
        self._telling.round(verdicts)
        if self._failed(verdicts):
            return True
        if all(self._complete(one) for one in self._evaluating.order):
            return True
        if self._undetermined():
            return True
        if self._run.stop.is_set():
            self._interrupted()
            return True
        if self._run.clock.monotonic() >= self._until:
            self._late(verdicts)
            return True
        return False

    def _failed(self, verdicts: dict[ObjectId, FluxVerdict]) -> bool:
        certain = [one for one, verdict in verdicts.items() if verdict.step is FluxStep.FAILED]
        for one in certain:
            ill = self._checks.explained(one) if verdicts[one].unhealthy else ()
            if ill:
                self._book.failed(*ill)
            else:
                self._book.fail(one, verdicts[one])
        seen = self._checks.failures()
        self._book.failed(*seen)
        return bool(certain or seen)

    def _complete(self, one: ObjectId) -> bool:
        """Flux says so, and so do we; or we cannot look, and Flux has looked."""
        verdict = self._evaluating.verdicts.get(one)
        done = verdict is not None and verdict.step is FluxStep.DONE
        return done and self._checks.satisfied(one)

    def _undetermined(self) -> bool:
        """All is applied, and how something is cannot be seen from here."""
        verdicts = self._evaluating.verdicts
        found: list[Failure] = []
        for one in self._evaluating.order:
            if verdicts[one].step is not FluxStep.DONE or self._checks.result(one) is None:
                return False
            found += self._checks.undetermined(one)
        self._book.undetermined(*found)
        return bool(found)

    def _interrupted(self) -> None:
        still = [self._evaluating.verdicts[one] for one in self._evaluating.order]
        operation = "; ".join(self._book.clean(one.sentence) for one in still)
        self._book.undetermined(
            Failure(
                sentence=f"The wait was interrupted: {operation}", fix="run again: Flux goes on"
            )
        )

    def _late(self, verdicts: dict[ObjectId, FluxVerdict]) -> None:
        """What was not there when time ran out: its own doing, or that of none."""
        after = f" (after {format_duration(self._run.timeout)})"
        away = self._scene.away or self._scene.unanswered()
        if away is not None:
            self._book.refused(away, certain=False)
            return
        ill = self._checks.late()
        self._book.failed(*ill)
        sources = [one for one in verdicts if one not in self._evaluating.order]
        waiting = [one for one in sources if verdicts[one].step is FluxStep.WAITING]
        for one in waiting or [one for one in self._evaluating.order if not self._complete(one)]:
            verdict = verdicts[one]
            if verdict.step is FluxStep.WAITING and verdict.innocent:
                self._book.untell(one, verdict, after)
            elif not ill:
                self._book.fail(one, verdict, after)

    def _entered(self) -> None:
        """Whatever ended it, say of every object how far it got."""
        self._book.note(*self._requests.notes)
        reached = []
        for one in self._evaluating.order:
            verdict = self._evaluating.verdicts.get(one)
            reached.append(verdict is not None and verdict.step in _AT_IT)
            if self._checks.result(one) is not None:
                reached[-1] = True
            self._book.applied(self._scene.bodies[one], reached=reached[-1])
            self._newer(one, verdict)
            self._book.note(*beyond(self._scene.bodies[one], self._evaluating.order))
        for one in self._evaluating.order:
            waited = self._checks.result(one)
            if waited is not None:
                self._book.looked(waited)
            if self._complete(one):
                self._unseen(one, waited)
        if all(reached):
            self._book.pruned()

    def _unseen(self, one: ObjectId, waited: WaitResult | None) -> None:
        """Flux has looked at the health where we cannot."""
        for failure in waited.failures if waited else ():
            self._book.note(f"{one}: its health is Flux's word; {failure.sentence}")

    def _newer(self, one: ObjectId, verdict: FluxVerdict | None) -> None:
        revision = verdict.revision if verdict else None
        if revision is not None and revision.digest != self._run.commit:
            commit = self._run.commit[:12]
            self._book.note(f"{one} came to {revision.short}, which is newer and contains {commit}")
