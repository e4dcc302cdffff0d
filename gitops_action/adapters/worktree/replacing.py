"""Replaces several files on disk: all of them, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gitops_action.adapters.worktree.paths import existing_mode
from gitops_action.errors import GitOpsError

_PREFIX = ".gitops-action-"
_NEW_FILE_MODE = 0o644


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A file to replace: its new content stands beside it in `new`, its old one is in `old`."""

    place: Path
    new: Path
    old: Path | None


def replace_files(changes: Mapping[Path, bytes]) -> None:
    """Write each file beside its place, flush them all to disk, then rename one after the other.

    Modes and owners stay. When something fails, what was done before it is taken back.

    Raises:
        GitOpsError: nothing was changed.
        UsageError: something else than a file is in the way; nothing was changed.
    """
    # Left from right to left: put old files back, remove what stands beside, then new folders.
    with ExitStack() as folders, ExitStack() as tidy, ExitStack() as undo:
        try:
            steps = [_prepare(place, data, folders, tidy) for place, data in changes.items()]
            for step in steps:
                _swap(step, undo)
        except OSError as error:
            raise GitOpsError(
                "The files could not be written, and are as they were",
                cause=f"{error.filename or 'working directory'}: {error.strerror}",
                fix="make the working directory writable, or free space on its disk",
            ) from error
        undo.pop_all()
        folders.pop_all()


def _prepare(place: Path, data: bytes, folders: ExitStack, tidy: ExitStack) -> _Step:
    _make_folders(place.parent, folders)
    mode = existing_mode(place)
    new = _beside(place, data, tidy)
    new.chmod(_NEW_FILE_MODE if mode is None else mode)
    if mode is None:
        return _Step(place=place, new=new, old=None)
    _keep_owner(place, new)
    old = _beside(place, place.read_bytes(), tidy)
    old.chmod(mode)
    _keep_owner(place, old)
    return _Step(place=place, new=new, old=old)


def _swap(step: _Step, undo: ExitStack) -> None:
    step.new.replace(step.place)
    if step.old is None:
        undo.callback(step.place.unlink)
    else:
        undo.callback(step.old.replace, step.place)


def _make_folders(folder: Path, folders: ExitStack) -> None:
    """Make the folders that are missing, to be removed again if it comes to that."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for place in reversed(missing):
        place.mkdir()
        folders.callback(place.rmdir)


def _beside(place: Path, data: bytes, tidy: ExitStack) -> Path:
    """A file in the same folder, so that a rename replaces the other in one step."""
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=place.parent)
    path = Path(name)
    tidy.callback(path.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path


def _keep_owner(like: Path, path: Path) -> None:
    """A container often works as root on files of another user, who must keep them."""
    wanted, there = like.stat(), path.stat()
    if (wanted.st_uid, wanted.st_gid) != (there.st_uid, there.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)
