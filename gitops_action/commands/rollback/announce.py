"""Notify people: of a rollback where its version came from, of a failure by an issue.

Whatever goes wrong here is a note: the rollback itself is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from gitops_action.commands.deploy.application_status import context_of, set_status, sources_of
from gitops_action.commands.file_proposal import FilesProposed
from gitops_action.commands.issues import keep_issue, settle_issue
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.core.config import Config
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.issues import newest_of
from gitops_action.core.outcome import Job
from gitops_action.core.report import rollback_alarm as texts
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.rollback.origin import Origin, people_of
from gitops_action.errors import GitOpsError

_MOST = 5
"""Pull requests that get a comment: a rollback of more is reported on its own page alone."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Announced:
    """What was written, and why other things were not."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Announced) -> Announced:
        """Both."""
        return Announced(lines=self.lines + other.lines, notes=self.notes + other.notes)


def announce_rollback(
    ports: RollbackPorts,
    config: Config,
    view: RollbackView,
    done: FilesProposed,
    *,
    failed: EvaluatedRecord | None,
) -> Announced:
    """Notify the pull requests that brought the version, their people, and the source's commit."""
    notes: list[str] = []
    origins = _tried(
        notes,
        "who brought the version is not known",
        lambda: ports.origins.between(view.candidate.record.commit, view.undone, paths=view.files),
    )
    people = people_of(origins or (), failed.actor if failed else "")
    body = texts.told_comment(view, number=done.number, commit=done.commit, people=people)
    marker = f"rollback {view.environment} {view.undone[:12]}"
    lines = []
    for origin in [one for one in origins or () if one.pull_request][:_MOST]:
        number = origin.pull_request or 0
        before = len(notes)
        comment = partial(ports.forge.comment, number, body=body, marker=marker)
        _tried(notes, f"#{number} got no comment", comment)
        lines += [f"  notified: {origin.url}"] if len(notes) == before else []
    notes += _tell_sources(ports, config, view, done)
    return Announced(lines=tuple(lines), notes=tuple(notes))


def _tell_sources(
    ports: RollbackPorts, config: Config, view: RollbackView, done: FilesProposed
) -> tuple[str, ...]:
    """A failure on the commits that the replaced images were built from."""
    if ports.sources is None:
        return ()
    images = [str(move.now) for move in view.moves]
    # Labels alone: the job's own head is no commit that these images were built from.
    job = Job(server_url=ports.job.server_url)
    sources = sources_of(ports.registry, images, config.applications, job)
    status = CommitStatus(
        context=context_of(view.environment),
        state="failure",
        description=texts.status_description(view),
        url=done.url or ports.job.run_url,
    )
    return set_status(ports.sources, sources, status)


def announce_break_glass(ports: RollbackPorts, view: RollbackView, commit: str) -> Announced:
    """The issue that a commit past the pull requests leaves behind; one that is there stays."""
    new = texts.break_glass_issue(view, commit)
    try:
        if newest_of(new.subject, ports.issues.own()):
            return Announced()
        _, issue = keep_issue(ports.issues, (), new)
    except GitOpsError as error:
        return Announced(notes=(f"no issue was opened: {error}",))
    return Announced(lines=(f"  issue: {issue.url}",) if issue else ())


def announce_alarms(
    ports: RollbackPorts,
    alarms: Sequence[texts.Alarm],
    healthy: Iterable[tuple[str, EvaluatedRecord]],
) -> Announced:
    """One issue for each environment that needs a person; closed once a deployment succeeds."""
    notes: list[str] = []
    lines = [f"  to go back: {one}" for alarm in alarms for one in texts.way_back(alarm)]
    lines += [f"  to go back: merge {alarm.revert}" for alarm in alarms if alarm.revert]
    known = _tried(notes, "issues cannot be read, so no alarm was written", ports.issues.own)
    if known is None:
        return Announced(lines=tuple(lines), notes=tuple(notes))
    for alarm in alarms:
        keep = partial(keep_issue, ports.issues, known, texts.alarm_issue(alarm))
        kept = _tried(notes, f"the alarm of {alarm.environment} was not written", keep)
        if kept and kept[1]:
            said = "closed by a person" if kept[0] == "closed-by-a-person" else kept[1].url
            lines.append(f"  alarm #{kept[1].number}: {said}")
    for environment, record in healthy:
        subject, reason = texts.alarm_subject(environment), texts.settled_reason(record)
        settle = partial(settle_issue, ports.issues, known, subject, reason=reason)
        closed = _tried(notes, f"the alarm of {environment} was not closed", settle)
        lines += [f"  alarm #{closed.number} is over: {environment} succeeded"] if closed else []
    return Announced(lines=tuple(lines), notes=tuple(notes))


def alarm_origins(ports: RollbackPorts, old: str, new: str) -> tuple[Origin, ...]:
    """What a failure brought; empty where that cannot be read."""
    return _tried([], "", lambda: ports.origins.between(old, new)) or ()


def _tried(notes: list[str], problem: str, work: Callable[[], T]) -> T | None:
    try:
        return work()
    except GitOpsError as error:
        notes.append(f"{problem}: {error.cause or error.title}")
        return None
