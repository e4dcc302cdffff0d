"""Writes a text to a file of the workspace: whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops_action.adapters.worktree.paths import inside
from gitops_action.adapters.worktree.replacing import replace_files
from gitops_action.core.redact import Redactor


def text_file(root: Path, path: str, redactor: Redactor) -> Callable[[str], None]:
    """What writes to `path` below `root`, without the secrets of this run.

    Raises:
        UsageError: the path leads out of the folder, or through a symbolic link.
    """
    place = inside(root, path)

    def write(text: str) -> None:
        replace_files({place: redactor.clean(text).encode()})

    return write
