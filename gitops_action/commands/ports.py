"""What commands need from the outside world, as protocols that adapters and fakes fulfil."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.core.dispatch import Order, ProposedPull, Run
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Job
from gitops_action.core.pull_requests import (
    BranchFacts,
    Comparison,
    Decoration,
    Identity,
    MergeMethod,
    NewCommit,
    NewPullRequest,
    PullRequestFacts,
)
from gitops_action.core.repository import Keep, RepositoryFile, Sides, Snapshot, Tip, Tree
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:  # every command reads this file; rendering and planning take 0.1 s to load
    from gitops_action.core.rendering.deployers import BuildSettings
    from gitops_action.core.rendering.output import Rendering
    from gitops_action.core.report.bump import BumpReport, ProposalView


class ContentReader(Protocol):
    """The environment repository's content, read at a named commit."""

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Read the files that `keep` wants, in `folders` or, when empty, in the whole tree."""
        ...

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Make sure that these files are byte for byte what Git holds; fetch again what is not."""
        ...


class ContentStore(ContentReader, Protocol):
    """The same with its branches, which are written by compare-and-swap."""

    def tip(self, *, base: str | None, config: str) -> Tip:
        """Read the tip of `base` (None: the default branch) and the settings on it."""
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
        """A comment that gives a reason, with where it comes from."""
        ...


class Clock(Protocol):
    """Time and chance, passed in so that tests own them."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...

    def pause(self, attempt: int) -> None:
        """Wait before try number `attempt` (from 1), longer each time and with jitter."""
        ...


# What starting the environment repository's own bump needs from the outside world.


class Dispatcher(Protocol):
    """The environment repository's workflows."""

    def default_branch(self) -> str:
        """The branch whose workflows count."""
        ...

    def start(self, order: Order) -> Run | None:
        """Start the run; None when GitHub accepted it and does not say which run it is.

        A try that was cut off is looked for before it is repeated.
        """
        ...

    def find(self, order: Order) -> Run | None:
        """The run that carries the order's correlation in its name; None: not there (yet)."""
        ...

    def read(self, run: int) -> Run:
        """The run as it is now."""
        ...

    def pull_requests(self) -> tuple[ProposedPull, ...]:
        """The pull requests of the repository's own branches that changed last, newest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class DispatchPorts:
    """What `mode: dispatch` talks to; `correlation` is a word that no other run has."""

    dispatcher: Dispatcher
    registry: Registry
    clock: Clock
    job: Job
    correlation: str


# What validating and deploying need from the outside world, as protocols.


class Files(Protocol):
    """Content of the files of a commit."""

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files of the tree; paths it does not have are left out."""
        ...


class History(Protocol):
    """Which commits of a repository contain which, and what its base branch is."""

    def branch(self) -> str:
        """The base branch; empty where it is not known.

        Raises:
            GitOpsError: the server cannot be reached.
        """
        ...

    def tip(self) -> str:
        """The commit at the base branch's tip as it is now.

        Raises:
            GitOpsError: there is no such branch, or the server cannot be reached.
        """
        ...

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        """Newer commits of the base branch that contain this one, newest first.

        Args:
            commit: is not among them.
            most: how many at most.

        Raises:
            GitOpsError: the commit is not known, or the server cannot be reached.
        """
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`; a commit contains itself.

        Raises:
            GitOpsError: one of them is not known, or the server cannot be reached.
        """
        ...


class DeployTrees(Files, History, Protocol):
    """The environment repository's commits, one by one."""

    def at(self, commit: str | None = None) -> Tree:
        """Every file of a commit; None: of the tip.

        Raises:
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        ...


class MergedTrees(Files, Protocol):
    """The environment repository's commits, and merges of them."""

    def sides(self, *, base: str, head: str) -> Sides:
        """A base commit, and a head merged into it.

        Raises:
            MergeConflictError: they cannot be merged.
            GitOpsError: a commit cannot be fetched.
        """
        ...


class Trees(Files, Protocol):
    """The environment repository's commits: their files by name, their content on demand."""

    def sides(self) -> Sides:
        """The base's tip, and the proposed change merged into it.

        Raises:
            ConflictError: head cannot be merged into the base's tip.
        """
        ...


class Renderer(Protocol):
    """Renders a folder of a repository the way it would be deployed."""

    def render(
        self, folder: str, files: Mapping[str, RepositoryFile], settings: BuildSettings
    ) -> Rendering:
        """Render `folder` by the settings, given every file that it depends on.

        Paths count from the repository's top.

        What cannot be rendered is a problem in the result, never an exception.
        """
        ...


class Schemas(Protocol):
    """Checks objects against the schemas of their kinds, without a cluster."""

    def check(self, manifests: Sequence[Manifest]) -> tuple[GitOpsError, ...]:
        """What is wrong with them, in their order; each with the object and its file."""
        ...

    def unknown(self, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """Those whose kind no schema is known for."""
        ...
