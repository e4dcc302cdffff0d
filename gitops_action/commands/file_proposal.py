"""Propose files on a branch of ours: one pull request a branch, kept up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gitops_action.commands.ports import ContentStore, Forge
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_request_state import (
    BranchState,
    ProposedChange,
    discovered,
    expected_head,
)
from gitops_action.core.pull_requests import (
    BranchFacts,
    NewCommit,
    NewPullRequest,
    Operation,
    PullRequestFacts,
)
from gitops_action.core.repository import blob_id
from gitops_action.errors import ConflictError, GitOpsError, UsageError


@dataclass(frozen=True, kw_only=True)
class FileProposal:
    """Files to change on top of the base branch, and the words of the pull request.

    Attributes:
        branch: the head branch, without `refs/heads/`.
        base: the base branch.
        parent: its tip, which the change was made on.
        changes: path to new bytes.
        deletions: paths of files to delete.
        title: of the pull request.
        body: of the pull request, trailers last.
        message: of the commit.
    """

    branch: str
    base: str
    parent: str
    changes: Mapping[str, bytes] = field(default_factory=dict)
    deletions: tuple[str, ...] = ()
    title: str
    body: str
    message: str


@dataclass(frozen=True, kw_only=True)
class FilesProposed:
    """What became of it; `operation` is None where nothing was to be done.

    Attributes:
        operation: what was written.
        number: of the pull request.
        url: of the pull request.
        branch: its head branch.
        commit: what was written to the branch.
        reason: why nothing was done.
        declined: a person closed the pull request that proposed the same, so none was opened.
    """

    operation: Operation | None = None
    number: int | None = None
    url: str = ""
    branch: str = ""
    commit: str = ""
    reason: str = ""
    declined: bool = False


def commit_files(store: ContentStore, proposal: FileProposal) -> str:
    """Commit the files to the base branch, or write them into a checkout; gives the commit.

    Raises:
        ConflictError: the branch has moved; nothing was written.
    """
    return store.write(_commit(proposal, branch=proposal.base, expected=proposal.parent))


def propose_files(
    store: ContentStore,
    forge: Forge,
    proposal: FileProposal,
    *,
    dry_run: bool = False,
    unasked: ProposedChange | None = None,
) -> FilesProposed:
    """Open the pull request, or bring the open one up to date.

    A former pull request of the same branch that a person closed is no refusal where this one was
    asked for again. What nobody asks for, `unasked`, is not opened again.

    Raises:
        ConflictError: the branch or the pull request has moved; plan again.
        GitOpsError: people have commits on the branch.
    """
    paths = (*proposal.changes, *proposal.deletions)
    facts = forge.branch(
        name=proposal.branch, base=proposal.base, base_oid=proposal.parent, paths=paths
    )
    refuse_blocked(facts)
    state = discovered(
        facts, base=proposal.base, requested=unasked or ProposedChange(), reopen=False
    )
    if state.situation == "refused":
        return FilesProposed(branch=proposal.branch, reason=state.reason, declined=True)
    if state.situation == "shared":
        raise _shared(proposal.branch, state)
    return _Proposing(store=store, forge=forge, proposal=proposal, facts=facts, state=state).act(
        dry_run=dry_run
    )


@dataclass(frozen=True, kw_only=True)
class _Proposing:
    store: ContentStore
    forge: Forge
    proposal: FileProposal
    facts: BranchFacts
    state: BranchState

    def act(self, *, dry_run: bool) -> FilesProposed:
        opened = self._opened
        if not (self.proposal.changes or self.proposal.deletions):
            return self._already_there(opened, dry_run=dry_run)
        same = self._same()
        if same and opened and (opened.title, opened.body) == self._words:
            return self._result("unchanged", opened, opened.head_oid)
        if dry_run:
            verb = "update the" if opened else "open a"
            return self._result(None, opened, "", reason=f"dry run: would {verb} pull request")
        commit = (self.facts.head or "") if same else self._write()
        if opened:
            now = self.forge.edit(opened.number, title=self.proposal.title, body=self.proposal.body)
            if now.state != "open":
                raise ConflictError(f"#{opened.number} was {now.state} meanwhile")
            return self._result("updated", opened, commit)
        return self._result("created", self._open(), commit)

    def _already_there(self, opened: PullRequestFacts | None, *, dry_run: bool) -> FilesProposed:
        reason = f"{self.proposal.base} has it already"
        if opened is None or dry_run:
            return self._result(None, opened, "", reason=reason)
        self.forge.close(opened.number, reason=reason)
        return self._result("closed", opened, opened.head_oid, reason=reason)

    def _open(self) -> PullRequestFacts:
        return self.forge.open(
            NewPullRequest(
                branch=self.proposal.branch,
                base=self.proposal.base,
                title=self.proposal.title,
                body=self.proposal.body,
            )
        )

    def _write(self) -> str:
        commit = _commit(
            self.proposal, branch=self.proposal.branch, expected=expected_head(self.facts)
        )
        return self.store.write(commit)

    def _same(self) -> bool:
        """Whether the branch changes exactly these files to exactly this content."""
        wanted = {path: blob_id(data) for path, data in self.proposal.changes.items()}
        every = {**wanted, **dict.fromkeys(self.proposal.deletions)}
        if self.facts.head is None or self.facts.former:
            return False
        heads = self.facts.head_blobs
        same = all(heads.get(path) == blob for path, blob in every.items())
        return same and self.facts.changed_paths == frozenset(every)

    @property
    def _words(self) -> tuple[str, str]:
        return self.proposal.title, self.proposal.body

    @property
    def _opened(self) -> PullRequestFacts | None:
        found = self.state.pull_request
        return found if found and found.state == "open" else None

    def _result(
        self,
        operation: Operation | None,
        pull_request: PullRequestFacts | None,
        commit: str,
        *,
        reason: str = "",
    ) -> FilesProposed:
        return FilesProposed(
            operation=operation,
            number=pull_request.number if pull_request else None,
            url=pull_request.url if pull_request else "",
            branch=self.proposal.branch,
            commit=commit,
            reason=reason,
        )


def _commit(proposal: FileProposal, *, branch: str, expected: str) -> NewCommit:
    return NewCommit(
        branch=branch,
        expected=expected,
        parent=proposal.parent,
        changes=proposal.changes,
        deletions=proposal.deletions,
        message=proposal.message,
    )


def _shared(branch: str, state: BranchState) -> GitOpsError:
    number = state.pull_request.number if state.pull_request else None
    fix = f"merge or close #{number}" if number else f"delete the branch `{branch}`"
    return GitOpsError(
        f"The branch `{branch}` has other people's commits, so it was left as it is",
        cause=state.reason,
        fix=f"{fix}, and run again",
    )


def refuse_blocked(facts: BranchFacts) -> None:
    """Stop where another branch's name prevents this one.

    Raises:
        UsageError: names both branches.
    """
    if not facts.blocked_by or facts.head is not None:
        return
    raise UsageError(
        f"The branch `{facts.name}` cannot be made: the branch `{facts.blocked_by}` is in the way",
        cause="Git stores branches as files, and one cannot also be the folder of another",
        fix=f"delete or rename the branch `{facts.blocked_by}`, or set `branch` to another name",
    )
