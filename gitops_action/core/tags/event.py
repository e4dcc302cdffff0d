"""What the webhook payload of a run tells: the ref, the repository, the commit's date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from gitops_action.core.outcome import Job
from gitops_action.core.tags.context import RepositoryFacts


def ref_of(job: Job) -> str:
    """The ref the event is about.

    `pull_request_target` runs on the base branch, while its event is about the pull request.
    """
    number = job.event.get("number")
    if job.event_name == "pull_request_target" and number:
        return f"refs/pull/{number}/merge"
    return job.ref


def repository_facts_of(job: Job) -> RepositoryFacts | None:
    """Facts about the repository from the payload; None where it has none (`schedule`)."""
    found = job.event.get("repository")
    if not isinstance(found, Mapping) or "html_url" not in found:
        return None
    licence = found.get("license")
    spdx = licence.get("spdx_id") if isinstance(licence, Mapping) else None
    return RepositoryFacts(
        name=_text(found, "name"),
        description=_text(found, "description"),
        html_url=_text(found, "html_url"),
        default_branch=_text(found, "default_branch"),
        license=str(spdx or ""),
    )


def commit_date_of(job: Job, sha: str) -> datetime | None:
    """The date of the commit from a push's payload; None where it does not tell."""
    commits = job.event.get("commits")
    listed = commits if isinstance(commits, list) else []
    for commit in (*listed, job.event.get("head_commit")):
        if isinstance(commit, Mapping) and sha and commit.get("id") == sha:
            return _moment(_text(commit, "timestamp"))
    return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(mapping: Mapping[str, object], key: str) -> str:
    return str(mapping.get(key) or "")
