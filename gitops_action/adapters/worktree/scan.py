"""Goes through a checkout without parsing, and without following a link."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitops_action.core.files import EXECUTABLE, REGULAR, SYMLINK, Keep, RepositoryFile

FILE_LIMIT = 5 * 1024 * 1024
"""Bytes above which a file is not looked at: no manifest is that large."""

_GIT = ".git"
_OWNER_MAY_RUN = 0o100


@dataclass(frozen=True, kw_only=True)
class TooLarge:
    """A file that was passed over, and its size in bytes."""

    path: str
    size: int


def scan(root: Path, folder: str, keep: Keep) -> Iterator[RepositoryFile | TooLarge]:
    """Yield the files below `folder` (empty: everything) that `keep` wants, never `.git`.

    Links are yielded as links, whatever `keep` says. Twenty thousand files pass through here, so
    that nothing is made of a file before it is wanted.

    Raises:
        OSError: a file or folder cannot be read.
    """
    waiting = [(str(root / folder), f"{folder}/" if folder else "")]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_symlink():
                    target = os.fsencode(Path(entry.path).readlink())
                    yield RepositoryFile(path=path, data=target, mode=SYMLINK)
                elif entry.name == _GIT:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{path}/"))
                elif entry.is_file(follow_symlinks=False):
                    yield from _wanted(path, entry.path, keep)


def _wanted(path: str, place: str, keep: Keep) -> Iterator[RepositoryFile | TooLarge]:
    data, facts = _read(place)
    if data is None:
        yield TooLarge(path=path, size=facts.st_size)
    elif keep(path, data):
        mode = EXECUTABLE if facts.st_mode & _OWNER_MAY_RUN else REGULAR
        yield RepositoryFile(path=path, data=data, mode=mode)


def read_file(place: Path) -> RepositoryFile | None:
    """Read a file of any size that is no link; None where there is none. `path` is its place.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        data, facts = _read(str(place), limit=sys.maxsize)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if data is None or not stat.S_ISREG(facts.st_mode):
        return None
    mode = EXECUTABLE if facts.st_mode & _OWNER_MAY_RUN else REGULAR
    return RepositoryFile(path=str(place), data=data, mode=mode)


def _read(place: str, limit: int = FILE_LIMIT) -> tuple[bytes | None, os.stat_result]:
    """Bytes and facts of a file that is no link, not even since it was listed.

    The bytes are None beyond the limit and for a folder.
    """
    handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(handle)
        if facts.st_size > limit or not stat.S_ISREG(facts.st_mode):
            return None, facts
        pieces = []
        while piece := os.read(handle, facts.st_size + 1):
            pieces.append(piece)
            if len(piece) == facts.st_size:
                break
        return b"".join(pieces), facts
    finally:
        os.close(handle)
