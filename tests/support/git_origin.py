"""A checkout's remote `origin`, as `git clone` writes it."""

from __future__ import annotations

from pathlib import Path

from testbed.process import run


def with_origin(folder: Path, address: str) -> Path:
    """Make the folder a repository that was cloned from there; gives the folder."""
    run("git", "init", "--quiet", "--initial-branch=main", folder)
    run("git", "-C", folder, "remote", "add", "origin", address)
    return folder
