"""What is known of an environment's drift: by the newest comparison, and by the issue.

`status` asks no cluster. In the workflow `drift.yml` each environment's job has a step whose name
is the state that the comparison found, and GitHub keeps the steps of jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import is_job_of
from gitops_action.core.drift.sights import subject_of
from gitops_action.core.gates.model import utc

DRIFT_WORKFLOW = ".github/workflows/drift.yml"
"""The workflow whose runs count: the one that `init` writes."""

DriftWord = Literal["clean", "drifted", "unknown", "not looked at", "none"]
"""`not looked at`: no comparison is known; `none`: there is no cluster to compare with."""

STEPS: Mapping[str, DriftWord] = {"Drifted": "drifted", "Clean": "clean", "Unknown": "unknown"}
"""Steps of `drift.yml` of which the one runs that names what was found."""


@dataclass(frozen=True, kw_only=True)
class ComparisonJob:
    """A finished job of the workflow that compares, on the default branch.

    Attributes:
        name: the environment's, perhaps behind the calling job's.
        conclusion: how it ended.
        steps: names of the steps that succeeded.
        completed: when it ended.
        url: its page.
    """

    name: str
    conclusion: str
    steps: tuple[str, ...] = ()
    completed: datetime | None = None
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    """What was read of drift.

    Attributes:
        subjects: of the open issues that our own account keeps.
        jobs: the newest first.
        unread: why issues or jobs could not be read; empty where they were.
        asked: whether GitHub was asked at all.
    """

    subjects: Collection[str] = ()
    jobs: tuple[ComparisonJob, ...] = ()
    unread: str = ""
    asked: bool = True


@dataclass(frozen=True, kw_only=True)
class DriftStatus:
    """Whether an environment's cluster differs from what was deployed.

    Attributes:
        word: what is known.
        at: when it was compared; None where only an issue says it, or nothing does.
        reason: why it is not known.
        url: the page of the job that compared.
    """

    word: DriftWord = "not looked at"
    at: datetime | None = None
    reason: str = ""
    url: str = ""


def drift_status(environment: str, found: Comparisons) -> DriftStatus:
    """What is known of one environment.

    A definite comparison counts; after one that was not possible, and without any, the issue does.
    """
    newest = _newest(environment, found.jobs)
    if newest is not None and newest.word != "unknown":
        return newest
    if subject_of(environment) in found.subjects:
        return DriftStatus(word="drifted", reason="its issue is open")
    if newest is not None:
        return newest
    if found.unread:
        return DriftStatus(word="unknown", reason=found.unread)
    return DriftStatus(
        reason=f"no run of {DRIFT_WORKFLOW} is known" if found.asked else "there is no token"
    )


def _newest(environment: str, jobs: Iterable[ComparisonJob]) -> DriftStatus | None:
    job = next((one for one in jobs if is_job_of(one.name, environment)), None)
    if job is None:
        return None
    word, reason = _found(job)
    return DriftStatus(word=word, at=job.completed, url=job.url, reason=reason)


def _found(job: ComparisonJob) -> tuple[DriftWord, str]:
    word = next((STEPS[one] for one in job.steps if one in STEPS), None)
    if word is not None:
        return word, "the comparison was not possible" if word == "unknown" else ""
    if job.conclusion == "success":
        return "unknown", "the run does not say what it found"
    return "unknown", f"the comparison ended with {job.conclusion or 'no result'}"


def drift_words(drift: DriftStatus) -> str:
    """`clean, compared Tue 2026-11-24 05:41Z`; empty where there is nothing to compare with."""
    if drift.word == "none":
        return ""
    compared = f", compared {drift.at:%a} {utc(drift.at)}" if drift.at else ""
    return f"{drift.word}{compared}{f': {drift.reason}' if drift.reason else ''}"
