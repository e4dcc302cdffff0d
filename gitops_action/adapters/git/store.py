"""The port `ContentStore` by Git: no checkout, and no more objects than are looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops_action.adapters.git import objects
from gitops_action.adapters.git.command import COMMAND_SECONDS, GitCommand, GitTarget
from gitops_action.adapters.git.object_reader import ObjectReader
from gitops_action.adapters.git.remote import RETRIES, Remote, RemoteRefs
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.config.holds import is_settings
from gitops_action.core.pull_requests import NewCommit
from gitops_action.core.repository import SYMLINK, Keep, RepositoryFile, Snapshot, Tip, blob_id
from gitops_action.errors import GitOpsError, UsageError

FILE_LIMIT = 5 * 1024 * 1024
"""Bytes above which a file is not looked at: no manifest is that large."""

_MANIFESTS = (".yaml", ".yml", ".json", ".tpl", ".tmpl", ".j2")

_NO_BLOBS = "blob:none"


class GitStore:
    """Content of one repository, in a bare repository of ours that lasts as long as this does.

    Use it as a context manager: its folder is removed at the end, also after an error.
    """

    def __init__(
        self,
        target: GitTarget,
        *,
        now: Callable[[], datetime],
        timeout: float = COMMAND_SECONDS,
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Make the empty repository.

        Args:
            target: the repository, the token and whose name commits bear.
            now: the clock for commits.
            timeout: seconds for one command of Git.
            policy: for connections that fail.
        """
        self._target = target
        self._now = now
        self._folder = tempfile.TemporaryDirectory(prefix="gitops-action-git-")
        self._git = GitCommand(target, Path(self._folder.name), timeout=timeout)
        self._remote = Remote(self._git, target, policy)
        self._objects = ObjectReader(self._git)
        self._trees: dict[str, tuple[objects.TreeEntry, ...]] = {}
        self._present: set[str] = set()
        self._git.check(["init", "--quiet", "--bare", "--template="])

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the folder."""
        self._objects.close()
        self._folder.cleanup()

    def tip(self, *, base: str | None, config: str) -> Tip:
        """Read the tip of `base` (None: the default branch) and the settings on it.

        Raises:
            UsageError: there is no such branch.
            GitOpsError: the repository is empty, detached, or out of the token's reach.
        """
        refs = self._remote.refs()
        branch = self._branch(refs, base)
        commit = refs.branches[branch]
        entries = [entry for entry in self._tree(commit) if is_settings(entry.path, config)]
        settings = {file.path: file for file in self._files(entries)}
        return Tip(
            branch=branch,
            commit=commit,
            default_branch=refs.default_branch or branch,
            settings=settings,
        )

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Read the files that `keep` wants, in `folders` or, when empty, in the whole tree.

        Symbolic links are always kept; their data is their target.

        Raises:
            GitOpsError: the commit cannot be read.
        """
        whole = not (folders and all(folders))
        inside = tuple(f"{folder.rstrip('/')}/" for folder in folders)
        entries = [e for e in self._tree(commit) if whole or e.path.startswith(inside)]
        absent = self._fetch_all(commit) if whole else frozenset()
        files: dict[str, RepositoryFile] = {}
        large = [entry.path for entry in entries if entry.blob in absent]
        for file in self._files([entry for entry in entries if entry.blob not in absent]):
            if len(file.data) > FILE_LIMIT:
                large.append(file.path)
            elif file.mode == SYMLINK or keep(file.path, file.data):
                files[file.path] = file
        notes = tuple(_note(path) for path in sorted(large) if path.endswith(_MANIFESTS))
        return Snapshot(commit=commit, files=files, folders=() if whole else folders, notes=notes)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Git checks what it reads against its ids; read what the snapshot lacks or changed."""
        entries = {entry.path: entry for entry in self._tree(snapshot.commit)}
        doubtful = [
            entries[path]
            for path in paths
            if path in entries and not _is_exact(snapshot.files.get(path), entries[path])
        ]
        fresh = {file.path: file for file in self._files(doubtful)}
        return replace(snapshot, files={**snapshot.files, **fresh})

    def write(self, commit: NewCommit) -> str:
        """Write the commit, move the branch, return the commit's id.

        Raises:
            ConflictError: the branch is not where `expected` says; nothing was moved.
            OutcomeUnknownError: the line was cut, and the branch cannot be read again.
            GitOpsError: the server refuses, or a path cannot be written.
        """
        self._check_branch(commit.branch)
        self._tree(commit.parent)
        tree = objects.write_tree(self._git, commit.parent, commit.changes, commit.deletions)
        seconds = int(self._now().timestamp())
        oid = objects.write_commit(
            self._git,
            tree=tree,
            parent=commit.parent,
            message=commit.message,
            when=f"{seconds} +0000",
        )
        self._remote.push(oid, commit.branch, commit.expected)
        return oid

    def _branch(self, refs: RemoteRefs, base: str | None) -> str:
        name = self._target.repository
        if not refs.branches:
            raise GitOpsError(
                f"{name} is empty", cause="it has no commit yet", fix="push a first commit"
            )
        if base is None and refs.default_branch not in refs.branches:
            raise GitOpsError(
                f"{name} has no default branch",
                cause="its HEAD is detached or names a branch that is not there",
                fix="name the branch in `base`",
            )
        branch = refs.default_branch if base is None else base
        if branch not in refs.branches:
            known = ", ".join(f"`{other}`" for other in sorted(refs.branches)[:10])
            raise UsageError(
                f"{name} has no branch `{branch}`", cause=f"it has {known}", fix="correct `base`"
            )
        return branch

    def _tree(self, commit: str) -> tuple[objects.TreeEntry, ...]:
        """The files of a commit; the commit and its folders are fetched the first time."""
        if commit not in self._trees:
            self._remote.fetch([commit], limit=_NO_BLOBS)
            self._trees[commit] = objects.list_tree(self._git, commit)
        return self._trees[commit]

    def _fetch_all(self, commit: str) -> frozenset[str]:
        """Fetch every file that is not too large in one go; the ids of those that are."""
        self._remote.fetch([commit], limit=f"blob:limit={FILE_LIMIT}", again=True)
        missing = objects.missing_blobs(self._git, commit)
        self._present |= {entry.blob for entry in self._tree(commit)} - missing
        return missing

    def _files(self, entries: Iterable[objects.TreeEntry]) -> Iterable[RepositoryFile]:
        requested = list(entries)
        blobs = list(dict.fromkeys(entry.blob for entry in requested))
        if absent := [blob for blob in blobs if blob not in self._present]:
            self._remote.fetch(absent, limit=_NO_BLOBS)
            self._present.update(absent)
        by_blob: dict[str, list[objects.TreeEntry]] = {}
        for entry in requested:
            by_blob.setdefault(entry.blob, []).append(entry)
        for blob, data in self._objects.contents(blobs):
            for entry in by_blob[blob]:
                yield RepositoryFile(path=entry.path, data=data, mode=entry.mode, blob=blob)

    def _check_branch(self, branch: str) -> None:
        if self._git.run(["check-ref-format"], operands=[f"refs/heads/{branch}"]).status:
            raise UsageError(f"`{branch}` is not a valid branch name")


def _note(path: str) -> str:
    most = FILE_LIMIT // 1024 // 1024
    return f"{path} is not looked at: over {most} MiB is too large for a manifest"


def _is_exact(file: RepositoryFile | None, entry: objects.TreeEntry) -> bool:
    return file is not None and file.blob == entry.blob and blob_id(file.data) == entry.blob
