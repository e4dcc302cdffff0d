"""The records that pull requests, commits and deployments gather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(kw_only=True)
class Account:
    """A person, an App's bot or an organisation."""

    id: int
    login: str
    kind: Literal["User", "Bot", "Organization"]
    email: str
    name: str = ""

    @property
    def noreply(self) -> str:
        """The no-reply address; the one by which API commits name the account."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(kw_only=True)
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(kw_only=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    repository_id: int
    number: int
    body: str
    author: Account
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class Review:
    """A review of a pull request."""

    id: int
    author: Account
    state: str
    body: str
    commit_oid: str
    submitted_at: datetime


@dataclass(kw_only=True)
class Status:
    """A commit status."""

    id: int
    oid: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(kw_only=True)
class CheckRun:
    """A check run on a commit."""

    id: int
    oid: str
    name: str
    status: str
    conclusion: str | None
    started_at: datetime


@dataclass(kw_only=True)
class WorkflowJob:
    """A job of a workflow run, of any attempt."""

    id: int
    name: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None


@dataclass(kw_only=True)
class WorkflowRun:
    """A run of a workflow; `title` is what `run-name` made of its inputs."""

    id: int
    path: str
    name: str
    title: str
    event: str
    branch: str
    oid: str
    actor: Account
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    jobs: list[WorkflowJob] = field(default_factory=list)


ActivityType = Literal["push", "force_push", "branch_creation", "branch_deletion", "pr_merge"]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One move of a branch, as the repository's activity view lists it."""

    id: int
    ref: str
    before: str
    after: str
    kind: ActivityType
    actor: Account
    at: datetime


@dataclass(kw_only=True)
class DeploymentStatus:
    """One status of a deployment."""

    id: int
    state: str
    description: str
    environment: str
    log_url: str
    environment_url: str
    creator: Account
    created_at: datetime


@dataclass(kw_only=True)
class Deployment:
    """A deployment."""

    id: int
    ref: str
    oid: str
    task: str
    environment: str
    payload: Mapping[str, Any] | str
    description: str | None
    creator: Account
    created_at: datetime
    transient: bool
    production: bool
    statuses: list[DeploymentStatus] = field(default_factory=list)
