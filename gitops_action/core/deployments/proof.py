"""Deployment records that count, and those that prove nothing.

Anyone with push access can create a GitHub Deployment and report on it. A record is proved by the
run and the job that its `log_url` names: the workflow that deploys, on the default branch, for that
commit, with that environment's job concluded alike while the record was written.

Run and job say nothing of the images. Code that acts on a version also checks that the record's
commit describes it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta

from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments import records
from gitops_action.core.deployments.payload import RecordContent
from gitops_action.core.pattern import pattern

_EVENTS = frozenset({"push", "schedule", "workflow_dispatch", "repository_dispatch"})
"""Events whose runs execute the default branch's files at the run's head commit."""
_RUN = pattern(r"/actions/runs/([1-9][0-9]{0,18})(?:/attempts/[0-9]+)?(?:/job/([0-9]{1,19}))?/?")
_COMMIT = pattern(r"(?<!\S)[0-9a-f]{40}(?:[0-9a-f]{24})?(?!\S)")
_SLACK = timedelta(minutes=1)
"""A job's times and a record's times are of different servers of GitHub's."""
_SINGLE = "default"
_BEGUN = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class EvaluatedRecord:
    """One deployment of an environment, with whether its record is proved.

    Attributes:
        number: of the GitHub Deployment.
        environment: its name as it is configured today.
        commit: of the environment repository.
        applications: each application's images, digests included, as they were rendered.
        targets: each target's own result; one entry `default` where there is only one.
        result: how it ended; `UNKNOWN` while it runs.
        started: when the record was made.
        ended: when its last status was written; None while it runs.
        url: the page of the job that deployed.
        unproved: why the record proves nothing to gates, promotion and rollback; empty for a
            proved one.
        destroyed: the environment was taken down by it.
        actor: who started the run; empty where the run is not known.
        run: number of the workflow run; 0 where none is named.
        description: what its last status says, of a failure the cause: untrusted text.
    """

    number: int
    environment: str
    commit: str
    applications: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: Mapping[str, Result] = field(default_factory=dict)
    result: Result = Result.UNKNOWN
    started: datetime
    ended: datetime | None = None
    url: str = ""
    unproved: str = ""
    destroyed: bool = False
    actor: str = ""
    run: int = 0
    description: str = ""

    @property
    def proved(self) -> bool:
        """Whether gates, promotion and rollback may rely on it."""
        return not self.unproved


@dataclass(frozen=True, kw_only=True)
class WorkflowJob:
    """A job of a workflow run, of any attempt; `conclusion` is empty while it runs."""

    number: int
    name: str
    conclusion: str = ""
    started: datetime | None = None
    completed: datetime | None = None
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """A workflow run with the jobs of all of its attempts.

    Attributes:
        number: its id.
        path: the workflow file.
        repository: whose head it ran on, OWNER/NAME: a fork's differs.
        branch: of the head.
        commit: the head.
        event: what started it.
        title: what `run-name` made of the inputs.
        actor: who started it.
        jobs: of all attempts.
    """

    number: int
    path: str
    repository: str
    branch: str
    commit: str
    event: str
    title: str = ""
    actor: str = ""
    jobs: tuple[WorkflowJob, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The runs that records name.

    Attributes:
        repository: the environment repository, OWNER/NAME.
        branch: its default branch.
        known: by number.
        unread: why a run could not be read, by number; one in neither is gone.
        unsought: runs that were not looked up: records that name them stay unproved.
    """

    repository: str
    branch: str
    known: Mapping[int, WorkflowRun] = field(default_factory=dict)
    unread: Mapping[int, str] = field(default_factory=dict)
    unsought: frozenset[int] = frozenset()


def run_of(facts: records.DeploymentFacts) -> tuple[int, int]:
    """Numbers of the run and of the job that the record names; 0 where it names none.

    The oldest status counts: the record's author wrote it, and others can only add to it.
    """
    pages = (one.log_url for one in reversed(facts.statuses) if one.log_url)
    found = _RUN.search(next(pages, ""))
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


def evaluate_records(
    history: Iterable[records.DeploymentFacts], environment: Environment, runs: Runs
) -> tuple[EvaluatedRecord, ...]:
    """The environment's own deployments, newest first, each proved or with the reason why not.

    Args:
        history: Deployments under the environment's name, or an earlier one, with all statuses.
        environment: as it is configured today.
        runs: what the records name.
    """
    names = {environment.name, *environment.formerly}
    ours = [
        (facts, content)
        for facts in history
        if facts.environment in names and (content := records.content_of(facts)) is not None
    ]
    found = [_evaluate(facts, content, environment, runs) for facts, content in ours]
    return tuple(sorted(_alone(found), key=_age, reverse=True))


def _age(record: EvaluatedRecord) -> tuple[datetime, int]:
    return record.started, record.number


def _alone(found: Sequence[EvaluatedRecord]) -> list[EvaluatedRecord]:
    """A job makes one record: of several that name one job, none proves what they differ in."""
    told = {(one.url, tuple(sorted(one.applications.items())), one.commit) for one in found}
    differing = Counter(url for url, _, _ in told if url)
    return [
        replace(one, unproved="another record names the same job and differs from this one")
        if one.proved and differing[one.url] > 1
        else one
        for one in found
    ]


def _evaluate(
    facts: records.DeploymentFacts, content: RecordContent, environment: Environment, runs: Runs
) -> EvaluatedRecord:
    number, job_number = run_of(facts)
    run = runs.known.get(number)
    job = _job(facts, job_number, run) if run else None
    unproved = _missing(number, runs) if run is None else _misfit(facts, content, run, job, runs)
    if run is not None and not unproved:
        unproved = _other_workflow(run, environment.deploy.workflow)
    statuses = _written_by(job, facts.statuses) if job else facts.statuses
    running = job is not None and not job.conclusion
    result, ended = (Result.UNKNOWN, None) if running else _end(statuses, job)
    if job is not None and not (unproved or running) and not _alike(result, job):
        unproved = f"it says {result.value}, and its job concluded {job.conclusion}"
    return EvaluatedRecord(
        number=facts.number,
        environment=environment.name,
        commit=content.commit,
        applications=content.applications,
        targets=_targets(content, result, statuses),
        result=result,
        started=facts.created or _BEGUN,
        ended=ended,
        url=job.url if job else content.run_url,
        unproved=unproved,
        destroyed=content.destroyed,
        actor=run.actor if run else "",
        run=number,
        description=next((one.description for one in statuses if one.state in _ENDS), ""),
    )


def _missing(number: int, runs: Runs) -> str:
    if not number:
        return "it names no workflow run"
    if number in runs.unread:
        return f"its run {number} is not readable: {runs.unread[number]}"
    if number in runs.unsought:
        return f"its run {number} was not looked up"
    return f"its run {number} does not exist any more"


def _misfit(
    facts: records.DeploymentFacts,
    content: RecordContent,
    run: WorkflowRun,
    job: WorkflowJob | None,
    runs: Runs,
) -> str:
    """What of run and job does not belong to this record; empty when all does."""
    if run.repository.lower() != runs.repository.lower() or run.branch != runs.branch:
        return f"its run was not on the default branch {runs.branch}"
    if run.event not in _EVENTS:
        return f"its run was started by `{run.event}`"
    if content.commit != facts.commit:
        return "it names two commits"
    if not _about(content.commit, run):
        return f"its run was not for {content.commit[:12]}"
    return "" if job else f"its run has no job for {facts.environment} at that time"


def _other_workflow(run: WorkflowRun, deploys: str) -> str:
    path = run.path.partition("@")[0]  # REST writes some as FILE@REF
    return "" if path == deploys else f"its run is of {path}, and {deploys} deploys"


def _about(commit: str, run: WorkflowRun) -> bool:
    """The run's head, or the one commit that the run's name repeats from the dispatch input."""
    dispatched = run.event == "workflow_dispatch" and set(_COMMIT.findall(run.title))
    return dispatched == {commit} if dispatched else run.commit == commit


def _job(facts: records.DeploymentFacts, number: int, run: WorkflowRun) -> WorkflowJob | None:
    """The environment's job that ran while the record was made."""
    named = (one for one in run.jobs if is_job_of(one.name, facts.environment))
    return next(
        (one for one in named if number in (0, one.number) and _during(one, facts.created)), None
    )


def is_job_of(name: str, environment: str) -> bool:
    """Whether a job is the environment's by its name: `deploy / production`, `deploy (production)`.

    Jobs of a called workflow are named `CALLER / JOB`; those of a matrix have its values in
    parentheses (GitHub's documentation, "Workflow syntax").
    """
    own = name.rpartition(" / ")[2]
    values = re.fullmatch(r"[^()]*\(([^()]*)\)", own)
    return own == environment or (values is not None and environment in values[1].split(", "))


def _during(job: WorkflowJob, at: datetime | None) -> bool:
    if at is None or job.started is None or at < job.started - _SLACK:
        return False
    return job.completed is None or at <= job.completed + _SLACK


def _written_by(
    job: WorkflowJob, statuses: Sequence[records.DeploymentStatus]
) -> tuple[records.DeploymentStatus, ...]:
    """Those that the job wrote: what is added later is anybody's."""
    return tuple(one for one in statuses if _during(job, one.at))


_ENDS = {"success": Result.SUCCEEDED, "failure": Result.FAILED, "error": Result.UNKNOWN}


def _end(
    statuses: Sequence[records.DeploymentStatus], job: WorkflowJob | None
) -> tuple[Result, datetime | None]:
    """The newest status that says how it ended; of a job that ended without one: unknown."""
    for one in statuses:
        if one.state in _ENDS:
            return _ENDS[one.state], one.at
    superseded = next((one for one in statuses if one.state == "inactive"), None)
    if superseded is not None:
        return Result.SUPERSEDED, superseded.at
    return Result.UNKNOWN, job.completed if job else None


_CONCLUSIONS: Mapping[Result, frozenset[str]] = {
    Result.SUCCEEDED: frozenset({"success"}),
    Result.FAILED: frozenset({"failure"}),
    Result.SUPERSEDED: frozenset({"success"}),
}


def _alike(result: Result, job: WorkflowJob) -> bool:
    """Whether the job concluded as the record says."""
    if result is Result.UNKNOWN:
        return job.conclusion != "success"
    return job.conclusion in _CONCLUSIONS[result]


def _targets(
    content: RecordContent, result: Result, statuses: Sequence[records.DeploymentStatus]
) -> Mapping[str, Result]:
    """Each target's own; what the record does not say of one of several is unknown."""
    names = content.targets or (_SINGLE,)
    if len(names) == 1 or result not in {Result.FAILED, Result.UNKNOWN}:
        return dict.fromkeys(names, result)
    told = records.target_results(statuses)
    return {name: told.get(name, Result.UNKNOWN) for name in names}
