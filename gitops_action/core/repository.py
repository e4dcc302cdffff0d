"""Values for what a repository holds at one commit, whichever transport read it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import ConflictError

REGULAR = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"

Keep = Callable[[str, bytes], bool]
"""Decides by path and content whether a file is worth holding on to while a tree streams by."""

GITHUB_FOLDER = ".github/"
"""What steers GitHub and us: workflows, the configuration, holds. It is no content to deploy."""
WORKFLOWS_FOLDER = f"{GITHUB_FOLDER}workflows/"
CODEOWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file; the first counts (GitHub: "About code owners")."""


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
    were read (empty: the whole tree), so that "not there" can be determined from "not read".
    `filtered` says that files were passed over by content; `asked` are those that were asked for
    by name since, there or not.
    """

    commit: str
    files: Mapping[str, RepositoryFile]
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    filtered: bool = False
    asked: frozenset[str] = frozenset()


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


# The files of a commit by name and id, read only when they are looked at.

_SHOWN = 10


def list_files(files: Sequence[str]) -> tuple[str, ...]:
    """A line for each of the first files, and one that counts the rest."""
    rest = len(files) - _SHOWN
    return (*files[:_SHOWN], *((f"and {rest} more",) if rest > 0 else ()))


class MergeConflictError(ConflictError):
    """Head cannot be merged into the base's tip: both changed the same lines of these files."""

    def __init__(self, files: tuple[str, ...], *, base: str, head: str) -> None:
        """Name the files, the base and the commit that is proposed."""
        self.files = files
        super().__init__(
            f"{head} cannot be merged into {base}",
            cause="\n".join(("both changed:", *list_files([f"`{file}`" for file in files]))),
            fix=f"merge {base} into the branch (or rebase it), and fix the conflicts",
        )


@dataclass(frozen=True, kw_only=True)
class TreeFile:
    """A file of a tree: its Git mode and the id of its content."""

    mode: str
    blob: str


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Every file of one commit, by path with forward slashes.

    `commit` names it; it is empty for files that no commit holds (a working tree).
    """

    commit: str
    files: Mapping[str, TreeFile]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What a change is measured by: the base's tip, and head merged into that very tip.

    Attributes:
        base: the base branch's tip.
        merged: what the base would be after the merge.
        branch: the base branch's name, where it is known.
        head: the commit that is proposed.
        notes: how the two were found, where a person should know.
    """

    base: Tree
    merged: Tree
    branch: str = ""
    head: str = ""
    notes: tuple[str, ...] = ()

    def changed(self) -> tuple[str, ...]:
        """The paths that are added, changed or removed, sorted."""
        before, after = self.base.files, self.merged.files
        every = {*before, *after}
        return tuple(sorted(path for path in every if before.get(path) != after.get(path)))
