"""The records that pull requests, commits and deployments gather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(kw_only=True)
class Account:
    """A person, an App's bot or an organisation. A bot's `app_id` is what rules pin statuses to."""

    id: int
    login: str
    kind: Literal["User", "Bot", "Organization"]
    email: str
    name: str = ""
    app_id: int | None = None

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


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A later change of a text; `body` is the text after it."""

    editor: Account
    at: datetime
    body: str


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
    edits: list[Edit] = field(default_factory=list)


@dataclass(kw_only=True)
class Issue:
    """An issue that is no pull request; it shares their numbers."""

    id: int
    repository_id: int
    number: int
    title: str
    body: str
    author: Account
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    closed_by: Account | None = None
    state_reason: Literal["completed", "not_planned", "reopened", "duplicate"] | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)

    @property
    def state(self) -> Literal["open", "closed"]:
        """The state as REST returns it."""
        return "closed" if self.closed_at else "open"


ReviewState = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]


@dataclass(kw_only=True)
class Review:
    """A review of a pull request; `on_behalf_of` lists the slugs of the teams it was asked of."""

    id: int
    repository_id: int
    number: int
    author: Account
    state: ReviewState
    body: str
    commit_oid: str
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None = None
    edits: list[Edit] = field(default_factory=list)
    on_behalf_of: tuple[str, ...] = ()


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
class CheckSuite:
    """The check runs of one App on a commit; of GitHub Actions, those of one workflow run."""

    id: int
    oid: str
    app: Account
    branch: str
    created_at: datetime
    updated_at: datetime
    run_id: int | None = None


@dataclass(kw_only=True)
class CheckRun:
    """A check run on a commit."""

    id: int
    oid: str
    name: str
    suite: CheckSuite
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None = None
    details_url: str | None = None
    external_id: str = ""
    output: Mapping[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Account:
        """The bot of the App that reports it."""
        return self.suite.app


@dataclass(kw_only=True)
class WorkflowJob:
    """A job of a workflow run; its id is also its check run's; `steps` are those that succeeded."""

    id: int
    name: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    steps: tuple[str, ...] = ()


@dataclass(kw_only=True)
class WorkflowRun:
    """A run of a workflow.

    Attributes:
        title: what `run-name` made of its inputs.
        branch, oid: the head: of a pull request's run the head branch and commit.
        chain: `workflow_run` events between the first cause and this run.
    """

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
    number: int = 1
    attempt: int = 1
    status: str = "queued"
    conclusion: str | None = None
    triggering_actor: Account | None = None
    jobs: list[WorkflowJob] = field(default_factory=list)
    pulls: tuple[int, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    chain: int = 0
    awaits_approval: bool = False


ActivityType = Literal[
    "push", "force_push", "branch_creation", "branch_deletion", "pr_merge", "merge_queue_merge"
]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One move of a branch, as the repository's activity view lists it.

    `actor` is None for an account that was deleted.
    """

    id: int
    ref: str
    before: str
    after: str
    kind: ActivityType
    actor: Account | None
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


@dataclass(frozen=True, kw_only=True)
class Release:
    """A published release; its commit is that of the tag."""

    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    prerelease: bool
    author: Account
    created_at: datetime
