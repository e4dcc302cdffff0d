"""The port `ContentStore` on a checkout: reads files, writes edits in place, commits nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gitops_action.adapters.git.checkout import find_checkout, read_head
from gitops_action.adapters.worktree.files import (
    FILE_LIMIT,
    Among,
    TooLarge,
    inside,
    read_file,
    replace_files,
    scan,
)
from gitops_action.adapters.worktree.tracked import GitListing, tracked_files
from gitops_action.core.config.holds import HOLDS_FOLDER
from gitops_action.core.pull_requests import NewCommit
from gitops_action.core.repository import SYMLINK, Keep, RepositoryFile, Snapshot, Tip, blob_id
from gitops_action.errors import ConflictError, GitOpsError, UsageError

_MANIFESTS = (".yaml", ".yml", ".json", ".tpl", ".tmpl", ".j2")


class WorktreeStore:
    """The content below one folder, as it is on disk."""

    def __init__(self, root: Path) -> None:
        """Take the folder.

        Raises:
            UsageError: it is none.
        """
        if not root.is_dir():
            raise UsageError(f"`{root}` is not a folder", fix="correct `working-directory`")
        self._root = root.resolve()
        self._seen: dict[str, str] = {}
        self._tracked: GitListing | None = None

    def tip(self, *, base: str | None, config: str) -> Tip:
        """The settings on disk, with the commit they may be based on (empty: not known).

        Raises:
            UsageError: `base` names another branch than the one that is checked out.
        """
        branch, commit = read_head(self._root)
        if base is not None and base != branch:
            raise UsageError(
                f"`{self._root}` is not on branch `{base}`",
                cause=f"it is on `{branch}`" if branch else "its branch is not known",
                fix="leave `base` out with `mode: local`, or check that branch out",
            )
        settings = {
            file.path: file
            for file in self._listed((HOLDS_FOLDER.rstrip("/"),), _every)
            if isinstance(file, RepositoryFile) and file.mode != SYMLINK
        }
        if (file := self._one(config)) is not None:
            settings[config] = file
        return Tip(branch=branch, commit=commit, default_branch=branch, settings=settings)

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Read the files that `keep` wants, in `folders` or, when empty, everywhere.

        Ignored files and other repositories inside are left alone. Symbolic links are always
        kept; their data is their target.

        Raises:
            UsageError: a folder is not inside.
            GitOpsError: something cannot be read.
        """
        whole = not (folders and all(folders))
        files: dict[str, RepositoryFile] = {}
        tracked = self._tracked or tracked_files(self._root)
        self._tracked = tracked
        among = None
        if tracked.files is not None:
            among = Among(files=tracked.files, folders=tracked.folders)
        notes: list[str] = [*tracked.notes]
        for file in self._listed(("",) if whole else folders, keep, among):
            if isinstance(file, TooLarge):
                notes.extend(_note(file))
            else:
                files[file.path] = file
                self._seen[file.path] = blob_id(file.data)
        return Snapshot(
            commit=commit, files=files, folders=() if whole else folders, notes=tuple(sorted(notes))
        )

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Read these files again, so that they are what the disk holds now."""
        fresh = {path: file for path in paths if (file := self._one(path)) is not None}
        return replace(snapshot, files={**snapshot.files, **fresh})

    def write(self, commit: NewCommit) -> str:
        """Write the files, all or none; nothing is committed and no branch moves: returns "".

        Raises:
            ConflictError: a file has changed since it was read; nothing was written.
            UsageError: a path leads out of the folder or through a link; nothing was written.
            GitOpsError: the files cannot be written, and are as they were.
        """
        places = {inside(self._root, path): path for path in commit.changes}
        gone = {inside(self._root, path): path for path in commit.deletions}
        for place, path in (*places.items(), *gone.items()):
            self._check_unchanged(place, path)
        replace_files({place: commit.changes[path] for place, path in places.items()})
        self._seen.update({path: blob_id(data) for path, data in commit.changes.items()})
        for place in gone:
            place.unlink()
        return ""

    def _check_unchanged(self, place: Path, path: str) -> None:
        known = self._seen.get(path)
        if known is None:
            return
        there = read_file(place)
        if there is None or blob_id(there.data) != known:
            raise ConflictError(
                f"`{path}` has changed on disk meanwhile",
                cause="another program wrote to it after it was read",
                fix="run again",
            )

    def _one(self, path: str) -> RepositoryFile | None:
        """One file, None where there is none; links are not followed."""
        found = read_file(inside(self._root, path))
        if found is None:
            return None
        self._seen[path] = blob_id(found.data)
        return replace(found, path=path)

    def _listed(
        self, folders: Iterable[str], keep: Keep, among: Among | None = None
    ) -> Iterable[RepositoryFile | TooLarge]:
        try:
            for folder in folders:
                path = folder.strip("/")
                if not path or inside(self._root, path).is_dir():
                    yield from scan(self._root, path, keep, among)
        except OSError as error:
            raise GitOpsError(
                "The working directory cannot be read",
                cause=f"{error.filename or self._root}: {error.strerror}",
            ) from error


def _every(_path: str, _data: bytes) -> bool:
    return True


def _note(file: TooLarge) -> tuple[str, ...]:
    if not file.path.endswith(_MANIFESTS):
        return ()
    limit = f"over {FILE_LIMIT // 1024 // 1024} MiB is too large for a manifest"
    return (f"{file.path} is not looked at: {limit}",)


# The files of a checkout by name, read one by one when they are asked for.

_GIT = ".git"


def working_root(working_directory: str, config: str) -> Path:
    """The folder that is named; for the current one, the nearest above it that has the file.

    Holds are read there: in a subfolder they would keep nothing out.
    """
    folder = Path(working_directory)
    return repository_folder(folder, config) if folder == Path() else folder


def repository_folder(folder: Path, config: str = "") -> Path:
    """The nearest folder, up to the checkout's top, that has the file; else the top itself.

    The folder itself where it belongs to no repository.
    """
    try:
        top = find_checkout(folder).root
    except UsageError:
        return folder
    here = folder.resolve()
    for place in (here, *here.parents):
        if place == top or (config and (place / config).is_file()):
            return place
    return top


class CheckoutFolder:
    """A folder as it is on disk, committed or not."""

    def __init__(self, root: Path) -> None:
        """Take the folder.

        Raises:
            UsageError: it is not a folder.
        """
        if not root.is_dir():
            raise UsageError(
                f"`{root}` is not a folder",
                fix="give the folder of the checkout as `working-directory`",
            )
        self._root = root

    def paths(self) -> tuple[str, ...]:
        """Every file below the folder, sorted; links as files, never Git's own."""
        return tuple(sorted(self._walk()))

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where there is none.

        Raises:
            UsageError: the path leaves the folder, also by a symbolic link, or cannot be read.
        """
        try:
            found = read_file(inside(self._root, path))
        except OSError as error:
            raise UsageError(f"`{path}` cannot be read", cause=str(error.strerror)) from None
        return found.data if found else None

    def _walk(self) -> Iterator[str]:
        waiting = [(str(self._root), "")]
        while waiting:
            place, prefix = waiting.pop()
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.name == _GIT:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, f"{prefix}{entry.name}/"))
                    else:
                        yield prefix + entry.name
