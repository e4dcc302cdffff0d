"""Open pull requests and the base branch as GitHub reports them, as the gate reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import CommitState
from gitops_action.core.gates.approvals import Review
from gitops_action.core.gates.checks import CheckReport
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.json_values import text
from gitops_action.core.outcome import Job
from gitops_action.core.pull_requests import ABSENT, Identity

JOB_TOKEN_LOGIN = "github-actions[bot]"  # noqa: S105 - an account's name
"""Every workflow of a repository acts as this account, that of a pull request included."""

PushKind = Literal["push", "force_push", "branch_creation", "branch_deletion", "merge", "other"]


@dataclass(frozen=True, kw_only=True)
class HeadStatus:
    """The newest commit status of one context on a pull request's head.

    `creator` is the login, with `[bot]` for Apps.
    """

    context: str
    state: CommitState
    description: str = ""
    url: str = ""
    creator: str = ""
    created: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class GateComment:
    """A comment that we wrote, with our marker.

    `edited` says that someone else has edited it last: nothing in it counts then.
    """

    number: int
    url: str
    body: str
    edited: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenPullRequest:
    """One open pull request.

    Attributes:
        number: its number.
        url: its page.
        head: commit that it proposes.
        branch: its head branch, without `refs/heads/`.
        head_repository: OWNER/NAME of the head branch; empty for a fork that was deleted.
        fork: whether that is another repository.
        base: branch that it is for.
        author: login, with `[bot]` for Apps; empty for an account that is gone.
        title: untrusted text.
        body: untrusted text.
        draft: whether it is a draft.
        created: when it was opened.
        reviews: all reviews, without the comparison of what they approved.
        statuses: of the head, the newest of each context; None when they were not read whole.
        checks: of the head, as the list of pull requests has them; None when it has not all.
        comment: the gate's own comment; None when there is none yet.
        decisions: of people, as our own comments record them, or (with the job's token) as their
            own comments state them, oldest first.
    """

    number: int
    url: str = ""
    head: str
    branch: str
    head_repository: str = ""
    fork: bool = False
    base: str
    author: str = ""
    title: str = ""
    body: str = ""
    draft: bool = False
    created: datetime | None = None
    reviews: tuple[Review, ...] = ()
    statuses: tuple[HeadStatus, ...] = ()
    checks: tuple[CheckReport, ...] | None = None
    comment: GateComment | None = None
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpenPullRequests:
    """Every open pull request of one base branch at one moment.

    Attributes:
        viewer: who the token acts as.
        base: the branch.
        pull_requests: oldest first.
    """

    viewer: Identity
    base: str
    pull_requests: tuple[OpenPullRequest, ...] = ()

    @property
    def by_job_token(self) -> bool:
        """Whether the token is the job's own: GitHub starts nothing for what it does."""
        return self.viewer.login == JOB_TOKEN_LOGIN

    @property
    def caches(self) -> bool:
        """Whether what the viewer wrote earlier may be believed.

        The job's own account is shared with the workflows of pull requests.
        """
        return not self.by_job_token


@dataclass(frozen=True, kw_only=True)
class Push:
    """One change of a branch, by the repository's activity.

    Attributes:
        before: the commit it pointed to; ABSENT for a new branch.
        after: the commit it points to since; ABSENT where it was deleted.
        at: when.
        actor: login of who did it; empty where GitHub does not say.
    """

    before: str
    after: str
    at: datetime
    actor: str = ""
    kind: PushKind = "push"

    @property
    def creates(self) -> bool:
        """Whether the branch did not exist before."""
        return self.before in {"", ABSENT}


@dataclass(frozen=True, kw_only=True)
class MergeAnswer:
    """What GitHub answered to a merge.

    Attributes:
        kind: merged now or before; `queued`: put into the merge queue; `moved`: head or base is
            another, or GitHub has not computed yet whether it merges; `blocked`: a rule of the
            repository is in the way; `conflict`.
        commit: the base's new tip; empty unless merged.
        reason: GitHub's words.
    """

    kind: Literal["merged", "queued", "moved", "blocked", "conflict"]
    commit: str = ""
    reason: str = ""


# Which pull request a run is about: it is evaluated first.


@dataclass(frozen=True, kw_only=True)
class EventSubject:
    """Pull requests and commits that an event names; hints, for the order alone."""

    numbers: frozenset[int] = frozenset()
    commits: frozenset[str] = frozenset()

    def names(self, pull: OpenPullRequest) -> bool:
        """Whether the event is about this pull request."""
        return pull.number in self.numbers or pull.head in self.commits


def event_subject(job: Job) -> EventSubject:
    """What woke the run: GitHub's documentation, "Webhook events and payloads"."""
    event = job.event
    numbers = {_number(event.get("pull_request")), _number(event.get("issue"))}
    commits = {text(event, "sha")}
    for kind in ("workflow_run", "check_suite", "check_run"):
        found = event.get(kind)
        if isinstance(found, Mapping):
            commits.add(text(found, "head_sha"))
            listed = found.get("pull_requests")
            numbers |= {_number(one) for one in listed} if isinstance(listed, list) else set()
    return EventSubject(
        numbers=frozenset(one for one in numbers if one), commits=frozenset(commits - {""})
    )


def _number(found: object) -> int:
    number = found.get("number") if isinstance(found, Mapping) else None
    return number if isinstance(number, int) else 0
