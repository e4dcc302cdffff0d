"""Paths below a folder, with nothing that leads out of it."""

from __future__ import annotations

import stat
from pathlib import Path

from gitops_action.errors import UsageError


def inside(root: Path, path: str) -> Path:
    """Where a repository path is on disk.

    Raises:
        UsageError: it leaves the folder, goes through a symbolic link, or is Git's own.
    """
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise UsageError(f"`{path}` is not a path inside the working directory")
    place = root
    for part in parts:
        place /= part
        if place.is_symlink():
            raise UsageError(
                f"`{path}` is not followed",
                cause=f"`{place.relative_to(root)}` is a symbolic link",
                fix="name the file that the link leads to, if it is in the repository",
            )
    return place


def existing_mode(place: Path) -> int | None:
    """The mode bits of a regular file; None where nothing is.

    Raises:
        UsageError: something else than a file is there.
    """
    try:
        facts = place.lstat()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise UsageError(f"`{place}` cannot be written", cause="a file is in its way") from None
    if not stat.S_ISREG(facts.st_mode):
        raise UsageError(f"`{place}` cannot be written", cause="it is not a regular file")
    return stat.S_IMODE(facts.st_mode)
