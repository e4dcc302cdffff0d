"""Goes through a checkout without parsing, and without following a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitops_action.core.files import EXECUTABLE, REGULAR, SYMLINK, RepositoryFile

FILE_LIMIT = 5 * 1024 * 1024
"""Bytes above which a file is not looked at: no manifest is that large."""

_GIT = ".git"
_OWNER_MAY_RUN = 0o100


@dataclass(frozen=True, kw_only=True)
class TooLarge:
    """A file that was passed over, and its size in bytes."""

    path: str
    size: int


def scan(root: Path, folder: str) -> Iterator[RepositoryFile | TooLarge]:
    """Yield the files below `folder` (empty: everything), links as links, never `.git`.

    Raises:
        OSError: a file or folder cannot be read.
    """
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        with os.scandir(root / below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                if entry.is_symlink():
                    target = os.fsencode(Path(entry.path).readlink())
                    yield RepositoryFile(path=path, data=target, mode=SYMLINK)
                elif entry.name == _GIT:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield _file(entry, path)


def _file(entry: os.DirEntry[str], path: str) -> RepositoryFile | TooLarge:
    facts = entry.stat(follow_symlinks=False)
    if facts.st_size > FILE_LIMIT:
        return TooLarge(path=path, size=facts.st_size)
    mode = EXECUTABLE if facts.st_mode & _OWNER_MAY_RUN else REGULAR
    return RepositoryFile(path=path, data=read_file(Path(entry.path)), mode=mode)


def read_file(place: Path) -> bytes:
    """Read a file that is no link, not even since it was listed."""
    handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(handle, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor, not a path
        return file.readall()
