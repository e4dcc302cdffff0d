"""A branch's first-parent history with the files that each commit changed, and their content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from gitops_action.adapters.git.checkout import find_checkout
from gitops_action.adapters.git.command import GitTarget
from gitops_action.adapters.git.objects import read_files
from gitops_action.adapters.git.remote import RETRIES
from gitops_action.adapters.git.scratch import ScratchRepository
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.dora.declared import CommitMessage
from gitops_action.core.history.content import ChangedFile, LoggedCommit
from gitops_action.core.repository import RepositoryFile, Snapshot, Tree
from gitops_action.errors import UsageError

_SMALL = "blob:limit=2m"
_FORMAT = "%x00%H%n%ct%n%an%n%ae%n%s"
_READ = (".yaml", ".yml", ".json", "Kustomization", ".tpl")


class FirstParentHistory:
    """The history of one branch; use it as a context manager.

    With a target it is fetched from the server; without, it is that of a checkout.
    """

    def __init__(
        self,
        target: GitTarget | None,
        *,
        base: str | None = None,
        checkout: Path | None = None,
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Nothing is fetched yet.

        Raises:
            UsageError: the folder is in no checkout.
        """
        self._base = base
        self._checkout = find_checkout(checkout) if checkout else None
        self._scratch = ScratchRepository(target, checkout=self._checkout, policy=policy)
        self._log: tuple[LoggedCommit, ...] | None = None
        self.branch = base or ""
        """Its name, once the log was read from the server; empty in a checkout."""

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the folder."""
        self._scratch.close()

    def log(self) -> tuple[LoggedCommit, ...]:
        """The first-parent commits of the branch, newest first, read once.

        Raises:
            GitOpsError: there is no such branch, or the server cannot be reached.
        """
        if self._log is None:
            words = (
                "log",
                "--first-parent",
                "--raw",
                "-z",
                "--no-abbrev",
                "--no-renames",
                "--diff-merges=first-parent",
                "--root",
            )
            values = (("--format", _FORMAT),)
            listed = self._scratch.git.check(words, values=values, operands=[self._tip()])
            self._log = tuple(_commits(listed))
        return self._log

    def messages(self) -> Mapping[str, CommitMessage]:
        """Every commit behind the branch, merged ones too, with its message.

        Raises:
            GitOpsError: as `log`.
        """
        tip = self.log()[0].oid
        values = (("--format", "%H%n%P%n%B"),)
        listed = self._scratch.git.check(("log", "-z"), values=values, operands=[tip])
        return {one.oid: one for one in _messages(listed)}

    def blobs(self, oids: Sequence[str]) -> Mapping[str, bytes]:
        """The content of blobs; what was not fetched is left out."""
        return dict(self._scratch.objects.contents(oids))

    def files(self, commit: str) -> Snapshot:
        """The files of a commit that images can be found in."""
        tree = self._scratch.tree(commit, commit=commit)
        paths = [path for path in tree.files if path.endswith(_READ)]
        found: Mapping[str, RepositoryFile] = read_files(self._scratch, tree, paths)
        return Snapshot(commit=commit, files=found)

    def tree(self, commit: str) -> Tree:
        """Every file of a commit by name."""
        return self._scratch.tree(commit, commit=commit)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out."""
        return read_files(self._scratch, tree, paths)

    def _tip(self) -> str:
        if self._scratch.target is None:
            commit = self._checkout.head().commit if self._checkout else ""
            if not commit:
                raise UsageError("The checkout has no commit", fix="give `token` and `repository`")
            return commit
        refs = self._scratch.remote.refs()
        branch = self._base or refs.default_branch
        if branch not in refs.branches:
            raise UsageError(f"There is no branch `{branch}`", fix="correct `base`")
        self.branch = branch
        tip = refs.branches[branch]
        self._scratch.fetch([tip], limit=_SMALL, history=True)
        return tip


def _commits(listed: bytes) -> Iterator[LoggedCommit]:
    """Read NUL, the format's lines, NUL, then `:MODE MODE BLOB BLOB STATUS` NUL PATH NUL each."""
    parts = listed.split(b"\0")
    at = 0
    while at < len(parts):
        head = parts[at].lstrip(b"\n")
        at += 1
        if not head:
            continue
        oid, time, author, email, subject = head.decode("utf-8", "replace").split("\n", 4)
        files = []
        while at < len(parts) and parts[at].lstrip(b"\n").startswith(b":"):
            _, _, before, after, _ = parts[at].lstrip(b"\n").decode().split(" ")
            path = os.fsdecode(parts[at + 1])
            at += 2
            files.append(ChangedFile(path=path, before=_blob(before), after=_blob(after)))
        yield LoggedCommit(
            oid=oid,
            at=datetime.fromtimestamp(int(time), UTC),
            author=author,
            email=email,
            subject=subject.rstrip("\n"),
            files=tuple(files),
        )


def _messages(listed: bytes) -> Iterator[CommitMessage]:
    for part in listed.decode("utf-8", "replace").split("\0"):
        if part:
            oid, parents, text = part.split("\n", 2)
            yield CommitMessage(oid=oid, parents=tuple(parents.split()), text=text)


def _blob(oid: str) -> str:
    return "" if not oid.strip("0") else oid
