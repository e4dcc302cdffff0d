"""The port `Trees` on a checkout: what it proposes, merged into the base's tip."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from gitops_action.adapters.git.checkout import Checkout, Head, find_checkout
from gitops_action.adapters.git.command import GitTarget, last_line
from gitops_action.adapters.git.objects import read_files, write_commit
from gitops_action.adapters.git.remote import RETRIES
from gitops_action.adapters.git.scratch import (
    ScratchRepository,
    fetch_for_merge,
    have_common_history,
    merge,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.dataclass import dataclass
from gitops_action.core.json_values import mapping, text
from gitops_action.core.outcome import Job
from gitops_action.core.repository import RepositoryFile, Sides, Tree, list_files
from gitops_action.errors import GitOpsError, UsageError

# What a person has in a working tree and not yet committed, as a commit of our own.

_SETTINGS = r"^core\.(filemode|autocrlf|eol|symlinks|ignorecase)$"
_VALUES = frozenset({"true", "false", "input", "lf", "crlf", "native"})
_EPOCH = "@0 +0000"


@dataclass(frozen=True, kw_only=True)
class Uncommitted:
    """A commit in the scratch repository that holds the working tree.

    Attributes:
        commit: it, with the checked-out commit as its parent; that very commit when all is clean.
        files: the paths by which they differ, sorted.
        notes: what was passed over.
    """

    commit: str
    files: tuple[str, ...]
    notes: tuple[str, ...]


def take_in(scratch: ScratchRepository, checkout: Checkout, head: str) -> Uncommitted:
    """Commit what is staged, changed, deleted or new in the scratch repository.

    Ignored files (.gitignore, .git/info/exclude) stay out. The index is a copy, so that Git need
    only read what changed; the checkout's own is not touched.

    Raises:
        UsageError: a merge is in progress and files are in conflict.
        GitOpsError: a file cannot be read.
    """
    _copy_index(scratch, checkout, head)
    work = {"GIT_WORK_TREE": str(checkout.root)}
    _refuse_unmerged(scratch)
    own = ["diff-files", "-z", "--name-only", "--ignore-submodules=all"]
    changed = _paths(scratch.git.check(own, environ=work))
    other = ["ls-files", "-z", "--others", "--exclude-standard"]
    new = _paths(scratch.git.check(other, environ=work))
    nested = tuple(path for path in new if path.endswith(b"/"))
    _update_index(scratch, work, [*changed, *(path for path in new if path not in nested)])
    tree = scratch.git.check(["write-tree", "--missing-ok"]).decode().strip()
    between = ["diff-tree", "-r", "-z", "--name-only"]
    files = _paths(scratch.git.check(between, operands=[head, tree]))
    commit = head
    if files:
        commit = write_commit(scratch.git, tree=tree, parent=head, message="x", when=_EPOCH)
    return Uncommitted(
        commit=commit,
        files=tuple(sorted(os.fsdecode(path) for path in files)),
        notes=tuple(f"The repository inside, {os.fsdecode(p)}, is not looked at" for p in nested),
    )


def describe(files: tuple[str, ...]) -> str:
    """The uncommitted files that are part of what is looked at, one a line."""
    return "\n".join(("Uncommitted changes are part of this:", *list_files(files)))


def _copy_index(scratch: ScratchRepository, checkout: Checkout, head: str) -> None:
    """Copy with times: by them Git detects files that changed in the same moment as the index."""
    for key, value in _settings(scratch, checkout).items():
        scratch.git.check(["config"], operands=[key, value])
    info = scratch.folder / "info"
    info.mkdir(exist_ok=True)
    _copy(checkout.common / "info" / "exclude", info / "exclude")
    for shared in checkout.folder.glob("sharedindex.*"):  # git-update-index, "SPLIT INDEX"
        _copy(shared, scratch.folder / shared.name)
    if not _copy(checkout.folder / "index", scratch.folder / "gitops-index"):
        scratch.git.check(["read-tree"], operands=[head])


def _copy(source: Path, target: Path) -> bool:
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return False
    return True


def _settings(scratch: ScratchRepository, checkout: Checkout) -> Mapping[str, str]:
    """The checkout's settings on how files look on this disk; nothing that names a program."""
    file = str(checkout.common / "config")
    result = scratch.git.run(
        ["config", "--no-includes", "-z", "--get-regexp"],
        values=[("--file", file)],
        operands=[_SETTINGS],
    )
    pairs = [
        entry.partition("\n") for entry in result.stdout.decode("utf-8", "replace").split("\0")
    ]
    return {key: value.lower() for key, _, value in pairs if value.lower() in _VALUES}


def _refuse_unmerged(scratch: ScratchRepository) -> None:
    listed = scratch.git.check(["ls-files", "--unmerged", "-z"]).split(b"\0")
    files = sorted({os.fsdecode(line.partition(b"\t")[2]) for line in listed if line})
    if files:
        raise UsageError(
            "A merge is in progress, with conflicts",
            cause="\n".join(list_files([f"`{file}`" for file in files])),
            fix="fix the conflicts and `git add` the files, or abort the merge",
        )


def _paths(output: bytes) -> list[bytes]:
    return [path for path in output.split(b"\0") if path]


def _update_index(
    scratch: ScratchRepository, environ: Mapping[str, str], paths: list[bytes]
) -> None:
    result = scratch.git.run(
        ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"],
        stdin=b"".join(path + b"\0" for path in paths),
        environ=environ,
    )
    if result.status:
        raise GitOpsError("The working tree cannot be read", cause=last_line(result.stderr))


# What the event that started a run says of the commits to compare.


@dataclass(frozen=True, kw_only=True)
class EventChange:
    """A change as its event describes it (GitHub's "Webhook events and payloads").

    Attributes:
        branch: the base branch; empty: the event names none.
        base: the commit that is compared with, where the event fixes it (merge queues do).
        head: the commit that is proposed.
        number: the pull request's.
    """

    branch: str = ""
    base: str = ""
    head: str = ""
    number: int = 0


def proposed(job: Job) -> EventChange:
    """What the job's event proposes; all is empty for an event that proposes nothing."""
    if job.event_name == "merge_group":
        group = mapping(job.event, "merge_group")
        branch = text(group, "base_ref").removeprefix("refs/heads/")
        return EventChange(
            branch=branch, base=text(group, "base_sha"), head=text(group, "head_sha")
        )
    pull = mapping(job.event, "pull_request")
    number = pull.get("number")
    return EventChange(
        branch=text(pull, "base", "ref") or default_branch(job),
        head=text(pull, "head", "sha"),
        number=number if isinstance(number, int) else 0,
    )


def default_branch(job: Job) -> str:
    """The repository's default branch, where the event names it."""
    return text(job.event, "repository", "default_branch")


_USUAL = ("main", "master")


@dataclass(frozen=True, kw_only=True)
class _Base:
    """The base: its branch, its commit, and where that was found."""

    branch: str
    commit: str
    note: str = ""


class LocalTrees:
    """A checkout's commits and, in a person's hands, its uncommitted files.

    Use it as a context manager. The checkout is read only, and none of its settings or hooks
    come to work. In a job what counts is the commit: files that other steps left behind are no
    part of it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        base: str | None,
        job: Job,
        target: GitTarget | None = None,
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Find the checkout.

        Args:
            folder: the checkout, or a folder in it.
            base: the base branch; None: as the event says, else the default branch.
            job: its event names what is proposed.
            target: where commits are fetched from that the checkout lacks; None: nowhere.
            policy: for connections that fail.

        Raises:
            UsageError: the folder is in no checkout.
        """
        self._checkout: Checkout = find_checkout(folder)
        self._base = base
        self._job = job
        self._proposed: EventChange = proposed(job)
        self._policy = policy
        self._target = target
        self._scratch = self._new_scratch(self._checkout)
        self._sides: Sides | None = None
        self._seen: Head | None = None

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the scratch folder."""
        self._scratch.close()

    @property
    def root(self) -> Path:
        """The top of the checkout, which all paths start from."""
        return self._checkout.root

    def sides(self) -> Sides:
        """The base's tip, and what is checked out merged into it, as of the first call.

        Raises:
            MergeConflictError: it cannot be merged into the base's tip.
            UsageError: no base is known, or the checkout lacks commits and none may be fetched.
            GitOpsError: the server cannot be reached or refuses.
        """
        if self._sides is None:
            self._seen = self._checkout.head()
            self._sides = self._merge_of_event(self._seen) or self._merge_here(self._seen)
        return self._sides

    def moved(self) -> bool:
        """Return whether something else was checked out since the sides were read."""
        return self._seen is not None and self._checkout.head() != self._seen

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out."""
        return read_files(self._scratch, tree, paths)

    def _new_scratch(self, checkout: Checkout | None) -> ScratchRepository:
        return ScratchRepository(self._target, checkout=checkout, policy=self._policy)

    def _merge_of_event(self, head: Head) -> Sides | None:
        """The two sides where GitHub made the merge itself; None: it is for us to make.

        A `pull_request` run checks out GitHub's merge commit: its first parent is the base's tip
        that it was made with. A merge queue names the commit that the group is built on.
        """
        event = self._proposed
        if self._base not in {None, event.branch} or not self._job.in_actions:
            return None
        if event.base and event.head == head.commit:
            return self._compare(event.base, head.commit, event.head)
        if not event.number:
            return None
        self._scratch.need(head.commit)
        parents = self._scratch.parents(head.commit)
        if len(parents) == 2 and (parents[1] == event.head or head.commit == self._job.sha):  # noqa: PLR2004 - a merge of two
            return self._compare(parents[0], head.commit, parents[1])
        return None

    def _compare(self, base: str, merged: str, proposal: str) -> Sides:
        for commit in (base, merged):
            self._scratch.need(commit)
        return Sides(
            base=self._scratch.tree(base, commit=base),
            merged=self._scratch.tree(merged, commit=merged),
            branch=self._proposed.branch,
            head=proposal,
            notes=self._scratch.notes,
        )

    def _merge_here(self, head: Head) -> Sides:
        base = self._find_base(head)
        here = Uncommitted(commit=head.commit, files=(), notes=())
        if not self._job.in_actions:
            here = take_in(self._scratch, self._checkout, head.commit)
        self._have_history(base, here)
        names = (f"`{base.branch}`", f"`{head.branch}`" if head.branch else head.commit[:12])
        merged = merge(self._scratch, base.commit, here.commit, names=names)
        found = Sides(
            base=self._scratch.tree(base.commit, commit=base.commit),
            merged=self._scratch.tree(merged, commit=""),
            branch=base.branch,
            head=head.commit,
        )
        told = (base.note, describe(here.files) if here.files else "", *here.notes)
        notes = (*(note for note in told if note), *self._scratch.notes)
        return Sides(
            base=found.base, merged=found.merged, branch=found.branch, head=found.head, notes=notes
        )

    def _find_base(self, head: Head) -> _Base:
        """The base's tip: as the checkout knows it, else as the server does.

        Raises:
            UsageError: there is no such branch, or none is named.
        """
        branch = self._base or self._proposed.branch or self._default()
        if not branch:
            raise UsageError(
                "Which branch the change is for is not known",
                cause=f"no remote's default branch is known, and there is no {' or '.join(_USUAL)}",
                fix="name it in `base`",
            )
        ref, commit = self._checkout.find_branch(branch)
        if not commit and self._target is not None:
            commit = self._scratch.remote.head(branch) or ""
        if not commit:
            raise UsageError(
                f"The checkout has no branch `{branch}`",
                cause="it is neither a local branch nor a remote's",
                fix=f"fetch it (`git fetch origin {branch}`, `fetch-depth: 0`), correct `base`, or"
                " give a `token`",
            )
        own = self._checkout.ref(f"refs/heads/{branch}")
        stale = (
            ref.startswith("refs/remotes/") and own not in {"", commit} and head.branch != branch
        )
        note = f"Compared with {ref}, not with the local branch {branch}" if stale else ""
        return _Base(branch=branch, commit=commit, note=note)

    def _default(self) -> str:
        known = self._checkout.remote_branch("origin")
        usual = (name for name in _USUAL if self._checkout.find_branch(name)[1])
        return known or next(usual, "")

    def _have_history(self, base: _Base, here: Uncommitted) -> None:
        """See to it that Git finds where the two part, if need be by looking on the server.

        What the server holds is then looked at in a repository without the checkout's objects:
        a shallow checkout's history stops where the server's goes on.
        """
        at_hand = self._scratch.objects.sizes([f"{base.commit}^{{tree}}"])
        if at_hand and have_common_history(self._scratch, base.commit, here.commit):
            return
        if at_hand and not self._checkout.shallow:
            return  # merging reports that there is none
        if self._target is None or here.files:
            raise UsageError(
                "The checkout is too shallow to determine what changes",
                cause=f"it does not reach back to where the change parted from `{base.branch}`",
                fix="check out with `fetch-depth: 0` (`git fetch --unshallow`)"
                + ("" if here.files else ", or give a `token`"),
            )
        self._scratch.close()
        self._scratch = self._new_scratch(None)
        fetch_for_merge(self._scratch, base.commit, here.commit)
