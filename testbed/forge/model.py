"""What a forge remembers beside Git: repositories, pull requests, protection."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from testbed.forge.git.history import History
from testbed.forge.git.store import GitStore
from testbed.forge.records import (
    Account,
    Activity,
    CheckRun,
    CheckSuite,
    Comment,
    Deployment,
    Issue,
    Label,
    Release,
    Review,
    Status,
    WorkflowRun,
)
from testbed.forge.rulesets import METHODS, MergeMethod, Protection
from testbed.forge.teams import Role

if TYPE_CHECKING:
    from testbed.forge.actors import Actor
    from testbed.forge.environments import Environment
    from testbed.forge.merge_queue import MergeQueue

EventKind = Literal[
    "ClosedEvent",
    "ReopenedEvent",
    "MergedEvent",
    "HeadRefDeletedEvent",
    "AddedToMergeQueueEvent",
    "RemovedFromMergeQueueEvent",
]


@dataclass(frozen=True, kw_only=True)
class MergeOrder:
    """How to merge; headline and body None: GitHub's own text."""

    method: MergeMethod = "merge"
    headline: str | None = None
    body: str | None = None


@dataclass(kw_only=True)
class AutoMerge:
    """A standing order to merge when the requirements are met."""

    order: MergeOrder
    by: Actor
    enabled_at: datetime


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A pull request to be opened."""

    title: str
    head: str
    base: str
    body: str | None = None
    draft: bool = False


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event of a pull request's timeline, by its GraphQL type."""

    kind: EventKind
    actor: Account
    at: datetime
    branch: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TestMerge:
    """What came of merging head into base to see whether it goes; `oid` None: it does not."""

    base: str
    head: str
    oid: str | None


@dataclass(kw_only=True)
class PullRequest:
    """A pull request. Its head is a branch of `source`: the same repository, or a fork."""

    id: int
    number: int
    repository: Repository
    source: Repository
    title: str
    body: str | None
    head: str
    base: str
    head_oid: str
    base_oid: str
    author: Account
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    closed_by: Account | None = None
    merged_by: Account | None = None
    merge_oid: str | None = None
    test_merge: TestMerge | None = None
    auto_merge: AutoMerge | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    reviewers: list[Account] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    timeline: list[Happening] = field(default_factory=list)

    @property
    def cross(self) -> bool:
        """Return whether it comes from a fork."""
        return self.source is not self.repository

    @property
    def label(self) -> str:
        """OWNER:BRANCH of its head."""
        return f"{self.source.owner.login}:{self.head}"

    @property
    def state(self) -> Literal["open", "closed"]:
        """The state as REST returns it."""
        return "closed" if self.closed_at else "open"


@dataclass(kw_only=True)
class Repository:
    """A repository. `lock` guards everything here; Git's refs have their own compare-and-swap."""

    id: int
    owner: Account
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    git: GitStore
    history: History
    parent: Repository | None = None
    forks: list[Repository] = field(default_factory=list)
    deleted: bool = False
    delete_branch_on_merge: bool = False
    allow_auto_merge: bool = True
    actions_may_approve: bool = False
    merge_methods: tuple[MergeMethod, ...] = METHODS
    lock: threading.RLock = field(default_factory=threading.RLock)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    reactions: dict[int, list[str]] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    statuses: dict[str, list[Status]] = field(default_factory=dict)
    checks: dict[str, list[CheckRun]] = field(default_factory=dict)
    suites: dict[int, CheckSuite] = field(default_factory=dict)
    attestations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    runs: dict[int, WorkflowRun] = field(default_factory=dict)
    activity: list[Activity] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    plan: Literal["free", "team", "enterprise"] = "team"
    queues: dict[str, MergeQueue] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    writes_by_default: bool = False
    forks_get: frozenset[str] = frozenset()
    collaborators: dict[str, Role] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    latest_release: int = 0

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return f"{self.owner.login}/{self.name}"

    def next_number(self) -> int:
        """The number of the next issue or pull request."""
        return max((*self.pulls, *self.issues), default=0) + 1

    def protected_by(self, branch: str) -> list[Protection]:
        """Return the protections and rulesets that cover a branch."""
        return [rule for rule in self.protections if rule.covers(branch, self.default_branch)]
