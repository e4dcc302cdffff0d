"""The files of a checkout by name, read one by one when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gitops_action.adapters.worktree.paths import inside
from gitops_action.adapters.worktree.scan import read_file
from gitops_action.errors import UsageError

_GIT = ".git"


class CheckoutFolder:
    """A folder as it is on disk, committed or not."""

    def __init__(self, root: Path) -> None:
        """Take the folder.

        Raises:
            UsageError: it is no folder.
        """
        if not root.is_dir():
            raise UsageError(
                f"`{root}` is no folder",
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
