"""`history`: what ran in an environment, from content and from the records that count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from gitops_action.commands.ports import Clock
from gitops_action.core.config import Config, Environment, load_config
from gitops_action.core.config.values import format_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.history.content import ContentHistory, LoggedCommit, read_histories
from gitops_action.core.history.rows import (
    HistoryRow,
    PullRequestPeople,
    history_rows,
    since,
    with_people,
)
from gitops_action.core.inputs.history import HistoryInputs, moment
from gitops_action.core.markdown import cell
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.repository import Snapshot
from gitops_action.errors import GitOpsError, UsageError

_OUTPUT_ROWS = 500
"""Rows of the output: what GitHub takes of one is 1 MiB."""
_MOST_RECORDS = 2_000
"""Deployments of all environments together: their runs take 50 requests."""
_MOST_PEOPLE = 400
"""Commits whose pull requests are read: ten requests."""
_DIGITS = 12


class CommitHistory(Protocol):
    """A branch's first-parent history, and the content of its commits."""

    @property
    def branch(self) -> str:
        """The branch's name, once `log` was read."""
        ...

    def log(self) -> tuple[LoggedCommit, ...]:
        """The commits, newest first."""
        ...

    def blobs(self, oids: Sequence[str]) -> Mapping[str, bytes]:
        """The content of blobs; what cannot be fetched is left out."""
        ...

    def files(self, commit: str) -> Snapshot:
        """The files of a commit that images can be found in."""
        ...


class DeploymentRecords(Protocol):
    """Deployments with whether they are proved."""

    def read(
        self,
        environments: Sequence[Environment],
        *,
        limit: int = 50,
        total: int | None = None,
        since: datetime | None = None,
    ) -> Mapping[str, tuple[EvaluatedRecord, ...]]:
        """Each environment's records, newest first; `total` of all environments together."""
        ...


class PastRecords(DeploymentRecords, Protocol):
    """Deployments, with what of them was not read."""

    @property
    def cut(self) -> frozenset[str]:
        """Environments whose older Deployments the last reading left out."""
        ...


class CommitPeople(Protocol):
    """Who stands behind commits."""

    def read(self, commits: Sequence[str]) -> Mapping[str, PullRequestPeople]:
        """The people of each commit that a merged pull request brought."""
        ...


@dataclass(frozen=True, kw_only=True)
class HistoryPorts:
    """What `history` talks to; without a token there are no records, and no people."""

    commits: CommitHistory
    clock: Clock
    records: PastRecords | None = None
    people: CommitPeople | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentHistory:
    """Everything that is known of one environment's past."""

    environment: Environment
    content: ContentHistory
    records: tuple[EvaluatedRecord, ...]
    rows: tuple[HistoryRow, ...]


def read_config_at(commits: CommitHistory, commit: str, path: str) -> Config:
    """The configuration as it is at a commit.

    Raises:
        GitOpsError: it is not valid.
    """
    file = commits.files(commit).files.get(path)
    return load_config(path, file.data if file else None)


def environment_histories(  # noqa: PLR0913 - what a past is made of
    commits: CommitHistory,
    config: Config,
    environments: Sequence[Environment],
    records: DeploymentRecords | None,
    *,
    repository: str = "",
    limit: int | None = None,
) -> tuple[EnvironmentHistory, ...]:
    """The past of environments: what the commands that act on it read.

    Args:
        commits: the branch.
        config: the configuration at its tip.
        environments: whose past.
        records: Deployments; None without a token.
        repository: the environment repository.
        limit: Deployments of each environment that are read; otherwise all of them share a limit.
    """
    log = commits.log()
    total = None if limit else _MOST_RECORDS
    read = records.read(environments, limit=limit or _MOST_RECORDS, total=total) if records else {}
    contents = read_histories(
        log,
        environments,
        config,
        blobs=commits.blobs,
        files=commits.files,
        repository=repository,
        branch=commits.branch,
    )
    return tuple(
        EnvironmentHistory(
            environment=one,
            content=content,
            records=(own := read.get(one.name, ())),
            rows=history_rows(content, log, own),
        )
        for one, content in zip(environments, contents, strict=True)
    )


def records_note(records: PastRecords | None) -> str:
    """That older Deployments were not read; empty where all were."""
    if records is None or not records.cut:
        return ""
    return f"older Deployments were not read of {', '.join(sorted(records.cut))}"


def run(inputs: HistoryInputs, ports: HistoryPorts) -> Outcome:
    """Show the history; nothing is written anywhere.

    Raises:
        UsageError: an input names what is not there.
        GitOpsError: the repository or its Deployments cannot be read.
    """
    start = moment(inputs.since, ports.clock.now())
    log = ports.commits.log()
    config = read_config_at(ports.commits, log[0].oid, inputs.config)
    environments = configured(config, inputs.environment)
    found = environment_histories(
        ports.commits, config, environments, ports.records, repository=inputs.repository
    )
    rows = [
        row
        for one in found
        for row in since(one.rows, start)
        if not inputs.application or row.application in inputs.application
    ]
    notes = [*(one.content.note for one in found), records_note(ports.records)]
    if ports.records is None:
        notes.append("without a token nothing is known of deployments")
    named, note = _with_people(rows, ports.people)
    return _outcome(
        inputs, named, [*filter(None, (*notes, note))], recorded=ports.records is not None
    )


def _with_people(
    rows: Sequence[HistoryRow], people: CommitPeople | None
) -> tuple[Sequence[HistoryRow], str]:
    """The rows with who stands behind them, and what is not known of that."""
    commits = list(dict.fromkeys(row.commit for row in rows if not row.off_branch))
    if people is None or not commits:
        return rows, ""
    try:
        found = people.read(commits[:_MOST_PEOPLE])
    except GitOpsError as error:
        return rows, f"who approved is not known: {error}"
    older = len(commits) > _MOST_PEOPLE
    note = f"who approved is shown of the newest {_MOST_PEOPLE} changes" if older else ""
    return with_people(rows, found), note


def configured(config: Config, names: Sequence[str]) -> tuple[Environment, ...]:
    """The environments of these names; all without a name.

    Raises:
        UsageError: there is none of a name.
    """
    found = []
    for name in names:
        one = config.environment(name)
        if one is None:
            known = ", ".join(item.name for item in config.environments)
            raise UsageError(f"There is no environment `{name}`", fix=f"name one of {known}")
        found.append(one)
    return tuple(found) or config.environments


def _outcome(
    inputs: HistoryInputs, rows: Sequence[HistoryRow], notes: Sequence[str], *, recorded: bool
) -> Outcome:
    documents = [as_json(row) for row in rows]
    printed = {
        "json": lambda: _json_lines(documents),
        "markdown": lambda: as_markdown(rows, recorded=recorded),
        "table": lambda: "\n".join(_table(rows, recorded=recorded)),
    }[inputs.format]()
    return Outcome(
        outputs={"history": json.dumps(documents[:_OUTPUT_ROWS])},
        headline=f"{len(rows)} version{'s' * (len(rows) != 1)}",
        summary=as_markdown(rows[:_OUTPUT_ROWS], recorded=recorded),
        notices=tuple(Notice(level="notice", text=note) for note in notes),
        data={"history": documents},
        printed=printed,
    )


def _json_lines(documents: Iterable[Mapping[str, object]]) -> str:
    """A JSON list with a row on each line."""
    rows = ",\n".join(json.dumps(one) for one in documents)
    return f"[\n{rows}\n]" if rows else "[]"


def as_json(row: HistoryRow) -> dict[str, object]:
    """A row for outputs; empty parts are left out."""
    found: dict[str, object] = {
        "environment": row.environment,
        "application": row.application,
        "image": row.image,
        "previous": row.previous,
        "version": row.version,
        "digest": row.digest,
        "commit": row.commit,
        "at": row.at.isoformat(),
        "number": row.number,
        "people": list(row.people),
        "result": row.result.value if row.result else "",
        "attempts": row.attempts,
        "deployed": row.deployed.isoformat() if row.deployed else "",
        "seconds": round(row.seconds, 1) if row.seconds is not None else None,
        "ran": row.ran.total_seconds() if row.ran is not None else None,
        "running": row.running,
        "unverified": row.unverified,
        "off-branch": row.off_branch,
        "rolled-back": row.rolled_back,
        "url": row.url,
    }
    return {key: value for key, value in found.items() if value or isinstance(value, float)}


_HEAD = ("environment", "application", "version", "result", "when", "took", "ran", "commit", "who")


def _cells(row: HistoryRow, *, recorded: bool) -> tuple[str, ...]:
    when = row.deployed or row.at
    return (
        row.environment,
        row.application,
        row.version or ("(removed)" if not row.image else row.image),
        _result(row, recorded=recorded),
        f"{when:%Y-%m-%d %H:%MZ}",
        _short(timedelta(seconds=row.seconds)) if row.seconds is not None else "",
        "runs" if row.running else _short(row.ran) if row.ran is not None else "",
        row.commit[:_DIGITS] + (f" #{row.number}" if row.number else ""),
        ", ".join(row.people),
    )


def _result(row: HistoryRow, *, recorded: bool) -> str:
    if row.unverified:
        return "unverified"
    without = "not deployed" if recorded else "not known"
    said = row.result.value if row.result else without
    marks = [
        f"{row.attempts} attempts" if row.attempts > 1 else "",
        "left the branch" if row.off_branch else "",
        "rolled back" if row.rolled_back else "",
    ]
    return ", ".join([said, *filter(None, marks)])


def _short(span: timedelta) -> str:
    """Without seconds where it is long."""
    whole = int(span.total_seconds())
    rounded = whole - whole % 60 if whole >= 3600 else whole  # noqa: PLR2004 - an hour
    return format_duration(timedelta(seconds=max(rounded, 0))) or "0s"


def _table(rows: Iterable[HistoryRow], *, recorded: bool) -> tuple[str, ...]:
    lines = [_HEAD, *(_cells(row, recorded=recorded) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return tuple(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(rows: Sequence[HistoryRow], *, recorded: bool = True) -> str:
    """A table; every text stands in a code span.

    Args:
        rows: what is shown.
        recorded: whether the records of deployments were read.
    """
    if not rows:
        return "Nothing was found."
    lines = [f"| {' | '.join(_HEAD)} |", f"| {' | '.join('---' for _ in _HEAD)} |"]
    lines += [
        f"| {' | '.join(cell(text) if text else '' for text in _cells(row, recorded=recorded))} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
