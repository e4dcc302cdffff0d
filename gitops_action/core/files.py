"""Values for what a repository holds at one commit, whichever transport read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

REGULAR = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"

Keep = Callable[[str, bytes], bool]
"""Decides by path and content whether a file is worth holding on to while a tree streams by."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFile:
    """One file of a tree: its path with forward slashes, bytes, Git mode and blob id.

    For a symbolic link (`mode` 120000) `data` is the target, as Git stores it.
    """

    path: str
    data: bytes
    mode: str = REGULAR
    blob: str | None = None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The files worth looking at, as they are at `commit`.

    `commit` is empty for a working tree that is read without Git. `folders` are the folders that
    were read (empty: the whole tree), so that "not there" can be told from "not read".
    """

    commit: str
    files: Mapping[str, RepositoryFile]
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Tip:
    """The base branch's newest commit, with the files that steer us as they are on it.

    `settings` holds the configuration file and everything below `.github/gitops/holds/`.
    """

    branch: str
    commit: str
    default_branch: str
    settings: Mapping[str, RepositoryFile]


def blob_id(data: bytes) -> str:
    """Git's object id of a blob with these bytes (SHA-1, as GitHub uses)."""
    header = b"blob %d\0" % len(data)
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
