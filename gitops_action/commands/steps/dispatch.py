"""`mode: dispatch`: start the environment repository's own bump, and watch it when asked to.

The images are verified here as in every other mode; planning, writing and proposing is the
started run's work, with rights that only its repository holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from gitops_action.commands.dispatch_ports import DispatchPorts
from gitops_action.commands.steps.dispatch_outcome import Report, dispatch_outcome
from gitops_action.commands.steps.wanted import Wanted, read_wanted
from gitops_action.core.config.values import format_duration
from gitops_action.core.dispatch import UNKNOWN, FoundPull, Order, Run, order_inputs, pulls_of
from gitops_action.core.images.source import image_source
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Outcome
from gitops_action.errors import GitOpsError

_LOOKS = 6
"""How often the run is looked for when nobody waits: some seconds."""

_SHORTEST_LATE_PAUSE = timedelta(seconds=5)
"""The clock's pauses are this long in the end: what bounds the tries when time stands still."""


def dispatch(inputs: BumpInputs, ports: DispatchPorts) -> Outcome:
    """Start the run, and wait for it when `wait` says so.

    Raises:
        GitOpsError: an image is wrong, or the run could not be started. What goes wrong after
            that is part of the outcome, which names the run.
    """
    wanted = read_wanted(inputs, ports.registry)
    return _Dispatch(inputs=inputs, ports=ports, wanted=wanted).run()


@dataclass(frozen=True, kw_only=True)
class _Dispatch:
    """One run: what is asked for, and what it talks to."""

    inputs: BumpInputs
    ports: DispatchPorts
    wanted: Wanted

    def run(self) -> Outcome:
        order = self._order()
        report = Report(
            inputs=self.inputs,
            order=order,
            changes=self.wanted.changes,
            notices=self.wanted.notices,
        )
        if self.inputs.dry_run:
            return dispatch_outcome(report)
        started = self.ports.dispatcher.start(order)
        report = replace(report, sent=True)
        try:
            found = started or self._appeared(order)
        except GitOpsError as error:
            return dispatch_outcome(self._lost(report, f"the run could not be looked for: {error}"))
        if found is None:
            return dispatch_outcome(self._lost(report, self._never(order)))
        report = replace(report, run=found)
        return dispatch_outcome(self._watched(report, found) if self.inputs.wait else report)

    def _order(self) -> Order:
        by_hand = self.inputs.dispatch_event == "workflow_dispatch"
        branch = self.inputs.base or ""
        if by_hand and not branch:
            branch = self.ports.dispatcher.default_branch()
        return Order(
            workflow=self.inputs.workflow,
            event=self.inputs.dispatch_event,
            correlation=self.ports.correlation,
            ref=branch,
            inputs=order_inputs(
                self.wanted.changes,
                environments=self.inputs.environment,
                applications=self.inputs.application,
                source=self._source(),
                correlation=self.ports.correlation,
            ),
        )

    def _source(self) -> str:
        """As given, else what the images say of themselves when all say the same."""
        if self.inputs.source:
            return str(self.inputs.source)
        server = self.ports.job.server_url
        said = {
            image_source(image.facts, server_url=server) if image.facts else None
            for image in self.wanted.images
        }
        (only,) = said if len(said) == 1 else (None,)
        return str(only or "")

    def _appeared(self, order: Order) -> Run | None:
        for _ in self._tries(_LOOKS):
            if found := self.ports.dispatcher.find(order):
                return found
        return None

    def _tries(self, most: int) -> Iterator[int]:
        """Numbers of tries with pauses between them, until `timeout` when the user waits."""
        end = self.ports.clock.now() + self.inputs.timeout
        if self.inputs.wait:
            most += int(self.inputs.timeout / _SHORTEST_LATE_PAUSE)
        for number in range(1, most + 1):
            yield number
            if self.inputs.wait and self.ports.clock.now() >= end:
                return
            self.ports.clock.pause(number)

    def _watched(self, report: Report, run: Run) -> Report:
        """Follow the run until it is completed, time is up, or it can no longer be read."""
        reason = f"it was not completed within {format_duration(self.inputs.timeout)}"
        try:
            for _ in self._tries(_LOOKS):
                run = self.ports.dispatcher.read(run.id)
                if run.conclusion:
                    return self._ended(replace(report, run=run))
        except GitOpsError as error:
            reason = f"it can no longer be read: {error}"
        return replace(report, run=replace(run, conclusion=UNKNOWN), trouble=reason)

    def _ended(self, report: Report) -> Report:
        run = report.run
        if run is None or run.conclusion != "success":
            return report
        try:
            pulls = self._proposed(report.order, run)
        except GitOpsError as error:
            return report.noting(f"what the run proposed could not be read: {error}")
        if not pulls:
            return report.noting("the run proposed no pull request; its summary says why")
        return replace(report, pulls=pulls)

    def _proposed(self, order: Order, run: Run) -> tuple[FoundPull, ...]:
        since = run.created or self.ports.clock.now()
        listed = self.ports.dispatcher.pull_requests()
        return pulls_of(order, self.wanted.changes, listed, since)

    def _lost(self, report: Report, reason: str) -> Report:
        """Sent, and nobody knows which run it is: that matters to those alone who wait."""
        if not self.inputs.wait:
            return report.noting(reason)
        return replace(report, trouble=reason)

    def _never(self, order: Order) -> str:
        listens = (
            f"its `run-name` contains `inputs.correlation` ({order.correlation})"
            if order.event == "workflow_dispatch"
            else f"{order.workflow} runs on `repository_dispatch` with the type"
            " `new-application-version` and its `run-name` contains"
            f" `github.event.client_payload.correlation` ({order.correlation})"
        )
        return f"no run has appeared yet; check that {listens}"
