"""What commands need from the outside world, as protocols that adapters and fakes fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gitops_action.core.branches import (
    BranchFacts,
    Comparison,
    Decoration,
    Identity,
    MergeMethod,
    NewCommit,
    NewPullRequest,
    PullRequestFacts,
)
from gitops_action.core.files import Keep, Snapshot, Tip
from gitops_action.core.images import ImageReference
from gitops_action.core.registry import ImageFacts
from gitops_action.core.report.model import BumpReport, ProposalView


class ContentStore(Protocol):
    """The environment repository's content: read at a named commit, written by compare-and-swap."""

    def tip(self, *, base: str | None, config: str) -> Tip:
        """Read the tip of `base` (None: the default branch) and the settings on it."""
        ...

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Read the files that `keep` wants, in `folders` or, when empty, in the whole tree."""
        ...

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Make sure that these files are byte for byte what Git holds; fetch again what is not."""
        ...

    def write(self, commit: NewCommit) -> str:
        """Write the commit, move the branch, return the commit's id.

        Raises:
            ConflictError: the branch is not where `expected` says; nothing was moved.
        """
        ...


class Forge(Protocol):
    """Pull requests of the environment repository."""

    def viewer(self) -> Identity:
        """Who the token acts as."""
        ...

    def branch(self, *, name: str, base: str, base_oid: str, paths: Sequence[str]) -> BranchFacts:
        """The branch, its commits over base, its pull requests, and the blobs at `paths`."""
        ...

    def open(self, request: NewPullRequest) -> PullRequestFacts:
        """Open a pull request, or return the one that a cut-off earlier try opened."""
        ...

    def edit(self, number: int, *, title: str, body: str) -> PullRequestFacts:
        """Change title and body; gives the pull request as it is now, open or not."""
        ...

    def reopen(self, number: int) -> None:
        """Open a closed pull request again."""
        ...

    def close(self, number: int, *, reason: str) -> None:
        """Comment with the reason and close."""
        ...

    def comment(self, number: int, *, body: str, marker: str) -> None:
        """Write one comment; the comment that carries the same hidden `marker` is replaced."""
        ...

    def decorate(self, number: int, decoration: Decoration) -> tuple[str, ...]:
        """Add what is missing; return notes on what was refused."""
        ...

    def auto_merge(self, pull_request: PullRequestFacts, method: MergeMethod) -> str:
        """Let GitHub merge it when its requirements are met; return a note when it cannot."""
        ...

    def delete_branch(self, name: str, *, expected: str) -> None:
        """Delete the branch if it still points to `expected`."""
        ...

    def required_statuses(self, branch: str) -> frozenset[str]:
        """Status contexts that rules or protection require on `branch`."""
        ...


class Registry(Protocol):
    """Image registries over the OCI distribution protocol."""

    def describe(self, reference: ImageReference) -> ImageFacts:
        """Look a reference up; raises one of the `RegistryError` kinds."""
        ...


class SourceHistory(Protocol):
    """The application repository's history."""

    def compare(self, *, repository: str, base: str, head: str) -> Comparison | None:
        """Compare two commits; None when it may not or cannot be read."""
        ...


class Texts(Protocol):
    """The words of a proposal, rendered from its view; untrusted text is harmless in them."""

    def branch(self, view: ProposalView) -> str:
        """The branch's name, by the user's template or our rule; a valid ref name."""
        ...

    def commit_message(self, view: ProposalView) -> str:
        """Subject, body and, as the last paragraph, the trailers."""
        ...

    def title(self, view: ProposalView) -> str:
        """The pull request's title, one line."""
        ...

    def body(self, view: ProposalView) -> str:
        """The pull request's body, at most 65,536 characters, trailers last."""
        ...

    def summary(self, report: BumpReport) -> str:
        """The job summary."""
        ...

    def remark(self, reason: str) -> str:
        """A comment that tells a reason, with where it comes from."""
        ...


class Clock(Protocol):
    """Time and chance, passed in so that tests own them."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...

    def pause(self, attempt: int) -> None:
        """Wait before try number `attempt` (from 1), longer each time and with jitter."""
        ...
