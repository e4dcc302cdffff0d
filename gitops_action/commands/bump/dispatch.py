"""`mode: dispatch`: start the environment repository's own bump, and watch it when asked to.

The images are verified here as in every other mode; planning, writing and proposing is the
started run's work, with rights that only its repository holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from gitops_action.commands.bump.request import BumpRequest, read_requested
from gitops_action.commands.ports import DispatchPorts
from gitops_action.core.config.values import format_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.dispatch import UNKNOWN, FoundPull, Order, Run, order_inputs, pulls_of
from gitops_action.core.images import ImageChange
from gitops_action.core.images.oci import image_source
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.markdown import code
from gitops_action.core.outcome import Line, Notice, Outcome, Part
from gitops_action.errors import EXIT_FAILURE, GitOpsError

# The outcome of `mode: dispatch`: outputs, lines, summary, and the same as one document.


@dataclass(frozen=True, kw_only=True)
class DispatchReport:
    """What was sent and what became of it; `trouble` is why a run's end is not known."""

    inputs: BumpInputs
    order: Order
    changes: tuple[ImageChange, ...]
    notices: tuple[Notice, ...] = ()
    sent: bool = False
    run: Run | None = None
    pulls: tuple[FoundPull, ...] = ()
    trouble: str = ""

    def noting(self, text: str) -> DispatchReport:
        """With one more warning."""
        return replace(self, notices=(*self.notices, Notice(level="warning", text=text)))

    @property
    def conclusion(self) -> str:
        """How the run ended; empty when nobody waited."""
        if not self.inputs.wait or not self.sent:
            return ""
        return (self.run.conclusion if self.run else "") or UNKNOWN

    @property
    def failed(self) -> bool:
        """Whether it was waited for, and it did not succeed as far as is known."""
        return self.conclusion not in {"", "success"}


def dispatch_outcome(report: DispatchReport) -> Outcome:
    """Lay out what was done."""
    outputs = _outputs(report)
    opened = {"changed", "plan", "pull-requests"}
    return Outcome(
        outputs=outputs,
        headline=_headline(report),
        lines=tuple(_lines(report)),
        summary=_summary(report),
        notices=_notices(report),
        data={name: json.loads(text) if name in opened else text for name, text in outputs.items()}
        | {"sent": dict(report.order.inputs)},
        exit_code=EXIT_FAILURE if report.failed else 0,
    )


def _outputs(report: DispatchReport) -> Mapping[str, str]:
    pulls = [_pull(found) for found in report.pulls]
    first: Mapping[str, object] = pulls[0] if pulls else {}
    image = report.changes[0].target
    return {
        "changed": json.dumps(any(found.operation != "unchanged" for found in report.pulls)),
        "plan": "[]",
        "files": "",
        "image": str(image),
        "tag": image.tag or "",
        "digest": image.digest or "",
        "pull-requests": json.dumps(pulls),
        "pull-request-number": str(first.get("number", "")),
        "pull-request-url": str(first.get("url", "")),
        "pull-request-operation": str(first.get("operation", "")),
        "branch": str(first.get("branch", "")),
        "commit": str(first.get("commit", "")),
        "run-id": str(report.run.id) if report.run else "",
        "run-url": report.run.url if report.run else "",
        "run-conclusion": report.conclusion,
    }


def _pull(found: FoundPull) -> dict[str, object]:
    return {
        "environment": found.environment,
        "number": found.pull.number,
        "url": found.pull.url,
        "operation": found.operation,
        "branch": found.pull.branch,
        "commit": found.pull.commit,
    }


def _headline(report: DispatchReport) -> str:
    where = f"{report.order.workflow} of {report.inputs.repository}"
    if not report.sent:
        return f"dry run: {where} would be started"
    said = {"": "was started", "success": "has succeeded", UNKNOWN: "was started; its end is"}
    ending = said.get(report.conclusion, f"ended as {report.conclusion}")
    return f"{where} {ending}{' unknown' if report.conclusion == UNKNOWN else ''}"


def _lines(report: DispatchReport) -> list[Line]:
    lines: list[Line] = [f"  {change.target}" for change in report.changes]
    if report.run:
        lines.append((Part(text="  "), Part(text=report.run.url, tone="link")))
    for found in report.pulls:
        said = Part(text=f"  {found.environment} {found.operation} ".replace("  ", " "))
        lines.append((said, Part(text=found.pull.url, tone="link")))
    return lines


def _summary(report: DispatchReport) -> str:
    """Markdown in which foreign text stands in code spans and addresses only."""
    parts = [f"### {code(_headline(report))}"]
    parts += [f"- {code(str(change.target))}" for change in report.changes]
    links = [report.run.url] if report.run else []
    links += [found.pull.url for found in report.pulls]
    return "\n".join([*parts, "", *(f"<{link}>  " for link in links)]).rstrip() + "\n"


def _notices(report: DispatchReport) -> tuple[Notice, ...]:
    if not report.failed:
        return report.notices
    address = f" ({report.run.url})" if report.run else ""
    if report.conclusion == UNKNOWN:
        text = (
            f"whether the dispatched bump succeeded is unknown{address}: {report.trouble}."
            " Fix: look at the run, or run again: a second bump to the same version changes nothing"
        )
    else:
        text = f"the dispatched bump ended as {report.conclusion}{address}. Fix: see its log"
    return (*report.notices, Notice(level="error", text=text))


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
    requested = read_requested(inputs, ports.registry)
    return _Dispatch(inputs=inputs, ports=ports, requested=requested).run()


@dataclass(frozen=True, kw_only=True)
class _Dispatch:
    """One run: what is asked for, and what it talks to."""

    inputs: BumpInputs
    ports: DispatchPorts
    requested: BumpRequest

    def run(self) -> Outcome:
        order = self._order()
        report = DispatchReport(
            inputs=self.inputs,
            order=order,
            changes=self.requested.changes,
            notices=self.requested.notices,
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
                self.requested.changes,
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
            for image in self.requested.images
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

    def _watched(self, report: DispatchReport, run: Run) -> DispatchReport:
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

    def _ended(self, report: DispatchReport) -> DispatchReport:
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
        return pulls_of(order, self.requested.changes, listed, since)

    def _lost(self, report: DispatchReport, reason: str) -> DispatchReport:
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
