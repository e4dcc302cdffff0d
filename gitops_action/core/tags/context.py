"""The facts that tags are computed from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from gitops_action.core.dataclass import dataclass
from gitops_action.core.json_values import mapping, text
from gitops_action.core.outcome import Job

_ALWAYS_ON_DEFAULT_BRANCH = ("create", "discussion", "issues", "schedule")
"""Events that GitHub documents to run on the newest commit of the default branch."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFacts:
    """What labels say about the application repository; empty where it is not known."""

    name: str = ""
    description: str = ""
    html_url: str = ""
    default_branch: str = ""
    license: str = ""


@dataclass(frozen=True, kw_only=True)
class TagContext:
    """One Git event.

    Attributes:
        ref: the full ref, `refs/heads/…`, `refs/tags/…` or `refs/pull/N/merge`.
        sha: the full commit id.
        event_name: the event that started the run.
        event: its payload.
        now: when tags are computed.
        commit_date: when the commit was made.
        repository: facts about the repository.
        short_length: how many characters a short commit id has.
    """

    ref: str
    sha: str
    event_name: str
    event: Mapping[str, object]
    now: datetime
    commit_date: datetime
    repository: RepositoryFacts
    short_length: int = 7

    @property
    def branch(self) -> str:
        """The branch, empty when the event is not about one."""
        return _after("refs/heads/", self.ref)

    @property
    def tag(self) -> str:
        """The Git tag, empty when the event is not about one."""
        return _after("refs/tags/", self.ref)

    @property
    def pull_request(self) -> str:
        """The pull request's number, empty when the event is not about one."""
        return re.sub(r"/merge$", "", _after("refs/pull/", self.ref))

    @property
    def short_sha(self) -> str:
        """The short commit id."""
        return self.sha[: self.short_length]

    @property
    def base_ref(self) -> str:
        """The branch a tag was pushed from or a pull request goes to, where the event says so."""
        if self.tag:
            return str(self.event.get("base_ref") or "").removeprefix("refs/heads/")
        base = mapping(self.event, "pull_request", "base")
        return str(base.get("ref") or "") if self.pull_request else ""

    @property
    def is_default_branch(self) -> bool:
        """Whether the run is about the default branch."""
        if not self.ref:
            return False
        if self.branch and self.branch == self.repository.default_branch:
            return True
        return any(word in self.event_name for word in _ALWAYS_ON_DEFAULT_BRANCH)


def _after(prefix: str, text: str) -> str:
    return text[len(prefix) :] if text.startswith(prefix) else ""


# What the webhook payload of a run holds: the ref, the repository, the commit's date.


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
    return RepositoryFacts(
        name=text(found, "name"),
        description=text(found, "description"),
        html_url=text(found, "html_url"),
        default_branch=text(found, "default_branch"),
        license=text(found, "license", "spdx_id"),
    )


def commit_date_of(job: Job, sha: str) -> datetime | None:
    """The date of the commit from a push's payload; None where it has none."""
    commits = job.event.get("commits")
    listed = commits if isinstance(commits, list) else []
    for commit in (*listed, job.event.get("head_commit")):
        if isinstance(commit, Mapping) and sha and commit.get("id") == sha:
            return _moment(text(commit, "timestamp"))
    return None


def _moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
