"""`status`: what runs where, what waits and why; nothing is written anywhere but to `output`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gitops_action.commands import history
from gitops_action.commands.dora import BranchMessages, CommitGraphs, measure
from gitops_action.commands.ports import Clock
from gitops_action.core.config import Config, Environment, load_config, read_holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.dora.metrics import DoraReport
from gitops_action.core.gates.open_pull_request import OpenPullRequest, OpenPullRequests
from gitops_action.core.history.rows import HistoryRow
from gitops_action.core.inputs.history import moment
from gitops_action.core.inputs.status import StatusInputs
from gitops_action.core.issues import KnownIssue
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.report import status
from gitops_action.core.status.collect import EnvironmentPast, environment_status
from gitops_action.core.status.drift import (
    ComparisonJob,
    Comparisons,
    DriftStatus,
    drift_status,
)
from gitops_action.core.status.model import StatusReport
from gitops_action.core.status.words import sentence
from gitops_action.errors import GitOpsError

PERIOD = "84d"
"""What is shown unless `since` says otherwise: twelve weeks."""


class BranchPast(history.CommitHistory, BranchMessages, Protocol):
    """A branch's history with its commits' messages."""


class ListedPullRequests(Protocol):
    """Open pull requests with what the gate wrote about them."""

    def default_branch(self) -> str:
        """The repository's default branch."""
        ...

    def open(self, base: str) -> OpenPullRequests:
        """Every open pull request of the branch, oldest first."""
        ...


class KeptIssues(Protocol):
    """The issues that our own account keeps up to date."""

    def own(self) -> tuple[KnownIssue, ...]:
        """Open and closed ones."""
        ...


class ComparisonRuns(Protocol):
    """The runs of the workflow that compares clusters with what was deployed."""

    def jobs(self, environments: Sequence[str], branch: str) -> tuple[ComparisonJob, ...]:
        """Finished jobs of the branch, the newest first."""
        ...


class StatusPage(Protocol):
    """The status as one page."""

    def page(self, report: StatusReport) -> str:
        """A whole HTML document."""
        ...


class OutputFile(Protocol):
    """Where the result is written."""

    def write(self, path: str, text: str) -> None:
        """Write a file whole, or not at all."""
        ...


@dataclass(frozen=True, kw_only=True)
class StatusPorts:
    """What `status` talks to; without a token there are no records and no pull requests."""

    commits: BranchPast
    clock: Clock
    page: StatusPage
    output: OutputFile
    records: history.PastRecords | None = None
    pulls: ListedPullRequests | None = None
    sources: CommitGraphs | None = None
    issues: KeptIssues | None = None
    comparisons: ComparisonRuns | None = None


def run(inputs: StatusInputs, ports: StatusPorts) -> Outcome:
    """Read everything, and lay it out.

    Raises:
        UsageError: an input names what is not there.
        GitOpsError: the repository or its Deployments cannot be read, or `output` not written.
    """
    report = _report(inputs, ports)
    document = status.as_json(report)
    text = _laid_out(inputs, ports, report, document)
    if inputs.output:
        ports.output.write(inputs.output, text)
    return Outcome(
        outputs={"status": json.dumps(document["environments"])},
        headline=f"{len(report.environments)} environment{'s' * (len(report.environments) != 1)}",
        lines=tuple(f"  {sentence(one)}" for one in report.environments),
        summary=status.as_markdown(report),
        notices=tuple(Notice(level="notice", text=note) for note in report.notes),
        data=document,
        printed="" if inputs.output else text,
    )


def _laid_out(
    inputs: StatusInputs, ports: StatusPorts, report: StatusReport, document: status.Document
) -> str:
    if inputs.format == "json":
        return status.json_text(document)
    if inputs.format == "markdown":
        return status.as_markdown(report)
    if inputs.format == "html":
        return ports.page.page(report)
    return "\n".join(status.as_table(report))


def _report(inputs: StatusInputs, ports: StatusPorts) -> StatusReport:
    now = ports.clock.now()
    start = moment(inputs.since or PERIOD, now)
    tip = ports.commits.log()[0].oid
    files = {path: file.data for path, file in ports.commits.files(tip).files.items()}
    config = load_config(inputs.config, files.get(inputs.config))
    holds = read_holds(files, config)
    environments = history.configured(config, inputs.environment)
    histories = history.environment_histories(
        ports.commits, config, environments, ports.records, repository=inputs.repository
    )
    pulls, unread = _pulls(inputs, ports)
    compared = _compared(ports, environments)
    notes = [*unread, *(str(problem) for problem in holds.problems)]
    if compared.unread:
        notes.append(f"drift is not known: {compared.unread}")
    if ports.records is None:
        notes.append("without a token nothing is known of deployments and pull requests")
    recorded = ports.records is not None
    pasts = [_past(one, start, compared, recorded=recorded) for one in histories]
    dora, unmeasured = _dora(ports, histories, config, start, now)
    return StatusReport(
        repository=inputs.repository,
        branch=inputs.base or "",
        commit=tip,
        now=now,
        environments=tuple(environment_status(one, config, pulls, holds, now) for one in pasts),
        holds=holds,
        dora=dora,
        notes=tuple(filter(None, (*notes, *unmeasured, *_incomplete(ports, histories)))),
        pages=f"{inputs.server_url}/{inputs.repository}" if inputs.token else "",
    )


def _incomplete(
    ports: StatusPorts, histories: Sequence[history.EnvironmentHistory]
) -> tuple[str, ...]:
    return (*(one.content.note for one in histories), history.records_note(ports.records))


def _dora(
    ports: StatusPorts,
    histories: Sequence[history.EnvironmentHistory],
    config: Config,
    start: datetime | None,
    now: datetime,
) -> tuple[DoraReport | None, tuple[str, ...]]:
    if ports.records is None:
        return None, ()
    first_parents = [commit.oid for commit in ports.commits.log()]
    return measure(
        histories, first_parents, config, ports.commits, ports.sources, start=start, now=now
    )


def _compared(ports: StatusPorts, environments: Sequence[Environment]) -> Comparisons:
    """What is known of drift: open issues, and what the newest comparisons found."""
    subjects: frozenset[str] = frozenset()
    jobs: tuple[ComparisonJob, ...] = ()
    unread = []
    names = [one.name for one in environments if one.deploy.targets]
    try:
        if ports.issues is not None:
            subjects = frozenset(one.subject for one in ports.issues.own() if one.is_open)
    except GitOpsError as error:
        unread.append(str(error))
    try:
        if ports.comparisons is not None and ports.pulls is not None and names:
            jobs = ports.comparisons.jobs(names, ports.pulls.default_branch())
    except GitOpsError as error:
        unread.append(str(error))
    return Comparisons(
        subjects=subjects,
        jobs=jobs,
        unread="; ".join(unread),
        asked=ports.comparisons is not None,
    )


def _past(
    one: history.EnvironmentHistory,
    start: datetime | None,
    compared: Comparisons,
    *,
    recorded: bool,
) -> EnvironmentPast:
    return EnvironmentPast(
        environment=one.environment,
        rows=_shown(one.rows, start),
        records=one.records,
        note=one.content.note,
        recorded=recorded,
        drift=drift_status(one.environment.name, compared)
        if one.environment.deploy.targets
        else DriftStatus(word="none"),
    )


def _shown(rows: Sequence[HistoryRow], start: datetime | None) -> tuple[HistoryRow, ...]:
    """Rows of the period, and of each image all down to what runs."""
    images: set[tuple[str, str]] = set()
    found = []
    for row in rows:
        image = row.reference
        key = row.application, image.repository if image else ""
        if key not in images or start is None or (row.deployed or row.at) >= start:
            found.append(row)
        if row.running or not row.deployed:
            images.add(key)
    return tuple(found)


def _pulls(
    inputs: StatusInputs, ports: StatusPorts
) -> tuple[tuple[OpenPullRequest, ...], tuple[str, ...]]:
    """Open pull requests; why they are not known, where they cannot be read."""
    if ports.pulls is None:
        return (), ()
    try:
        base = inputs.base or ports.pulls.default_branch()
        return ports.pulls.open(base).pull_requests, ()
    except GitOpsError as error:
        return (), (f"open pull requests are not known: {error}",)
