"""Values for branches, their commits and their pull requests, as GitHub reports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from gitops_action.core.dataclass import dataclass

PullRequestState = Literal["open", "closed", "merged"]
Operation = Literal["created", "updated", "unchanged", "closed", "superseded"]
MergeMethod = Literal["merge", "squash", "rebase"]

ABSENT = "0" * 40
"""The object id that stands for "this ref must not exist" in a compare-and-swap."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a token acts as; `login` ends in `[bot]` for an App, `email` is its no-reply address."""

    login: str
    name: str
    email: str


NOBODY = Identity(login="gitops-action", name="gitops-action", email="gitops-action@localhost")
"""Git wants a name for merges that are tried out; those commits never leave the machine."""


@dataclass(frozen=True, kw_only=True)
class CommitFacts:
    """One commit. Logins are empty where GitHub knows no account for the address."""

    oid: str
    message: str
    parents: tuple[str, ...]
    author_login: str
    author_email: str
    committer_login: str
    committer_email: str


@dataclass(frozen=True, kw_only=True)
class PullRequestFacts:
    """One pull request.

    `closed_by` is the login of who closed it without merging. `closed_by_deletion` says that
    GitHub closed it because its branch was deleted: no judgement on what it proposed.
    """

    number: int
    node_id: str
    url: str
    state: PullRequestState
    head_oid: str
    base_ref: str
    title: str = ""
    body: str = ""
    author_login: str = ""
    closed_by: str = ""
    closed_by_deletion: bool = False
    merge_oid: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BranchFacts:
    """Our branch and its pull requests at one moment.

    Attributes:
        name: the branch, without `refs/heads/`.
        head: commit the branch points to; None when it does not exist.
        base: the base tip that `commits` and `changed_paths` were compared with.
        commits: what the branch has and base has never had, oldest first.
        former: how many commits of base's former history the branch still stands on, after base
            was force-pushed; `commits` leaves them out.
        complete: False when the branch has more commits than were read (over 100).
        changed_paths: paths that differ between the merge base and head.
        head_blobs: path to blob id at head, for the paths that were asked for.
        pull_requests: those with this head branch in this repository, newest first.
        viewer: who we are.
        blocked_by: the branch whose name prevents this one: Git cannot hold both `a` and `a/b`.
    """

    name: str
    head: str | None
    base: str
    commits: tuple[CommitFacts, ...] = ()
    former: int = 0
    complete: bool = True
    changed_paths: frozenset[str] = frozenset()
    head_blobs: Mapping[str, str] = field(default_factory=dict)
    pull_requests: tuple[PullRequestFacts, ...] = ()
    viewer: Identity
    blocked_by: str = ""


@dataclass(frozen=True, kw_only=True)
class NewCommit:
    """A commit to write and the ref to move to it, as one compare-and-swap.

    Attributes:
        branch: the ref to move, without `refs/heads/`.
        expected: what the ref must point to now; ABSENT when it must not exist.
        parent: the commit it is written on; a branch that is rebuilt has `parent` = base tip
            while `expected` is its old head.
        changes: path to new bytes; the mode of each file stays as it is on `parent`.
        deletions: paths of files that `parent` has and the commit does not.
        message: the full message, with trailers.
    """

    branch: str
    expected: str
    parent: str
    changes: Mapping[str, bytes]
    deletions: tuple[str, ...] = ()
    message: str


@dataclass(frozen=True, kw_only=True)
class NewPullRequest:
    """A pull request to open."""

    branch: str
    base: str
    title: str
    body: str
    draft: bool = False


@dataclass(frozen=True, kw_only=True)
class Decoration:
    """What is set on a pull request beside its text. Missing rights or names become notes."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two commits of an application repository relate, head seen from base.

    `commits` is newest last and may be cut: `total` counts all of them.
    """

    status: Literal["ahead", "behind", "diverged", "identical"]
    total: int
    commits: tuple[SourceCommit, ...] = ()
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class SourceCommit:
    """One commit of an application repository, for the list in a pull request's body."""

    oid: str
    subject: str
    author: str
    url: str
