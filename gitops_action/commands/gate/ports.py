"""What `gate` needs from the outside world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gitops_action.commands.ports import Clock, MergedTrees
from gitops_action.commands.validate.ports import Workshop
from gitops_action.core.config import Environment
from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.gates.base_history import BaseMerge
from gitops_action.core.gates.checks import CheckFacts
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.gates.merge_queue import MergeQueueState, QueueRemoval
from gitops_action.core.gates.open_pull_request import (
    GateComment,
    HeadStatus,
    MergeAnswer,
    OpenPullRequest,
    OpenPullRequests,
    Push,
)
from gitops_action.core.gates.provenance import Attestation, ImageAttestations
from gitops_action.core.images import ImageReference
from gitops_action.core.outcome import Job
from gitops_action.core.pull_requests import MergeMethod
from gitops_action.core.report.gate import GateReport
from gitops_action.core.repository import Tree


class PullRequests(Protocol):
    """The open pull requests of the environment repository."""

    def default_branch(self) -> str:
        """The repository's default branch.

        Raises:
            GitOpsError: it cannot be read.
        """
        ...

    def open(self, base: str, *, checks: bool = False) -> OpenPullRequests:
        """Every open pull request of the branch, oldest first; with their checks where asked.

        Raises:
            GitOpsError: they cannot be read.
        """
        ...

    def read(self, number: int) -> OpenPullRequest | None:
        """One of them as it is now; None when it is not open.

        Raises:
            GitOpsError: it cannot be read.
        """
        ...


class GateTrees(MergedTrees, Protocol):
    """Commits of the environment repository in any number, and merges of them."""

    def tip(self) -> str:
        """The commit at the base's tip as it is now.

        Raises:
            GitOpsError: there is no such branch, or the server cannot be reached.
        """
        ...

    def fetch(self, base: str, heads: Iterable[str] = ()) -> None:
        """Have what merging each of the heads into the base takes at hand.

        Raises:
            GitOpsError: a commit cannot be fetched, or the server cannot be reached.
        """
        ...

    def at(self, commit: str) -> Tree:
        """Every file of a commit.

        Raises:
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        ...

    def prefetch(self, commits: Sequence[str], paths: Iterable[str]) -> None:
        """Have these files of these commits at hand in few requests.

        What cannot be fetched is left to its first reader.
        """
        ...

    def messages(self, *, base: str, head: str) -> tuple[str, ...]:
        """The messages of the commits that the head has and the base has not, oldest first.

        Raises:
            GitOpsError: a commit cannot be fetched.
        """
        ...


class Activity(Protocol):
    """Who moved a branch."""

    def pushes(
        self, repository: str, branch: str, *, enough: Callable[[Push], bool]
    ) -> tuple[Push, ...]:
        """The changes of a branch, newest first, up to the first that is `enough`, or all.

        Raises:
            NoActivityError: GitHub has no record of them.
            GitOpsError: they cannot be read.
        """
        ...


class Roles(Protocol):
    """Roles in the environment repository, and teams."""

    def may_write(self, login: str) -> bool | None:
        """Whether a person has write access; None where that cannot be read."""
        ...

    def members(self, team: str) -> frozenset[str] | None:
        """Logins of the members of a team, ORG/TEAM; None where they cannot be read."""
        ...


class HeadChecks(Protocol):
    """What was reported on commits."""

    def of(self, commit: str) -> CheckFacts:
        """Every check run and status; with the reason where they cannot be read."""
        ...


class Records(Protocol):
    """Deployments with what proves them."""

    def read(
        self, environments: Sequence[Environment]
    ) -> Mapping[str, tuple[EvaluatedRecord, ...]]:
        """Each environment's newest records, by its name, newest first.

        Raises:
            GitOpsError: they cannot be read.
        """
        ...


class HeadStatuses(Protocol):
    """Commit statuses of the environment repository."""

    def set(self, commit: str, status: CommitStatus) -> None:
        """Set a status.

        Raises:
            GitOpsError: it could not be set.
        """
        ...

    def history(self, commit: str, context: str) -> tuple[HeadStatus, ...]:
        """Every status of a context on a commit, newest first.

        Raises:
            GitOpsError: they cannot be read.
        """
        ...


class GateComments(Protocol):
    """The gate's comments."""

    def write(self, number: int, body: str, *, known: GateComment | None) -> GateComment:
        """Write the gate's comment on a pull request, in the place of the one that is known.

        Raises:
            GitOpsError: it was not written.
        """
        ...


class Merges(Protocol):
    """Merging."""

    def merge(self, number: int, *, head: str, method: MergeMethod, title: str) -> MergeAnswer:
        """Merge, if the head is still this one; one that is merged already counts as merged.

        Raises:
            GitOpsError: GitHub refused for a reason that is not the pull request's.
        """
        ...

    def first_parents(self, commit: str, *, most: int) -> tuple[str, ...]:
        """The commits behind this one by first parents, nearest first.

        Raises:
            GitOpsError: they cannot be read.
        """
        ...

    def into(self, branch: str) -> tuple[BaseMerge, ...]:
        """The newest merges into a branch, in any order.

        Raises:
            GitOpsError: they cannot be read.
        """
        ...


class MergeQueue(Protocol):
    """The merge queue of the base branch."""

    def read(self, branch: str) -> MergeQueueState | None:
        """What waits for the branch; None where it has no queue.

        Raises:
            GitOpsError: it has one, which cannot be read.
        """
        ...

    def removal(self, number: int) -> QueueRemoval | None:
        """The last time that a pull request left the queue; None where it never did.

        Raises:
            GitOpsError: it cannot be read.
        """
        ...

    def enqueue(self, number: int, *, head: str) -> MergeAnswer:
        """Put a pull request in, if its head is still this one.

        Raises:
            GitOpsError: GitHub refused for a reason that is not the pull request's.
        """
        ...

    def dequeue(self, number: int) -> None:
        """Take a pull request out.

        Raises:
            GitOpsError: it is still in.
        """
        ...


class SourceCommits(Protocol):
    """Commits of application repositories."""

    def authors(self, *, repository: str, base: str, head: str) -> frozenset[str] | None:
        """The logins of who wrote what `head` has and `base` has not; None where not all is read.

        A commit whose author has no account adds nobody.
        """
        ...


class Replan(Protocol):
    """Plans a pull request of ours again, by the code of `bump`."""

    def __call__(self, *, environment: str, images: Sequence[ImageReference]) -> str:
        """Plan and propose; says in a few words what was done.

        Raises:
            GitOpsError: it could not be done.
        """
        ...


class HttpRequests(Protocol):
    """Addresses that the gate `http` asks."""

    def ask(self, gates: Sequence[HttpGate]) -> Mapping[str, HttpAnswer]:
        """The answers by address; why there is none is an answer too."""
        ...


class Attestations(Protocol):
    """Signed attestations of images."""

    def of(
        self,
        image: ImageReference,
        *,
        repository: str,
        roots: bytes | None,
        domains: frozenset[str],
        enough: Callable[[Attestation], bool],
    ) -> ImageAttestations:
        """An image's attestations up to the first that is enough, verified by the trusted roots.

        `repository` is where GitHub keeps them; without `roots` those of sigstore's public service
        count; `domains` are the registries that get credentials.
        """
        ...


class StartWorkflow(Protocol):
    """Starts workflows of the environment repository."""

    def __call__(self, workflow: str, *, ref: str) -> None:
        """Start the workflow file on a branch, without inputs.

        Raises:
            GitOpsError: it was not started.
        """
        ...


class GateTexts(Protocol):
    """The words of the gate; untrusted text is harmless in them."""

    def comment(self, report: GateReport) -> str:
        """The comment's text, at most 60,000 characters."""
        ...

    def summary(self, reports: Sequence[GateReport]) -> str:
        """The job summary, at most 1 MiB."""
        ...


@dataclass(frozen=True, kw_only=True)
class GatePorts:
    """What `gate` talks to, about one `repository`, OWNER/NAME.

    Without `http` no address is asked, and its gate stays closed; without `sources` the authors of
    the applications' commits are unknown; without `start_workflow` what the job's token merges is
    deployed by the schedule alone.
    """

    repository: str
    pull_requests: PullRequests
    trees: GateTrees
    workshop: Workshop
    activity: Activity
    people: Roles
    checks: HeadChecks
    records: Records
    statuses: HeadStatuses
    comments: GateComments
    merges: Merges
    texts: GateTexts
    clock: Clock
    replan: Replan | None = None
    http: HttpRequests | None = None
    sources: SourceCommits | None = None
    queue: MergeQueue | None = None
    attestations: Attestations | None = None
    server: str = "https://github.com"
    start_workflow: StartWorkflow | None = None
    job: Job = field(default_factory=Job)
