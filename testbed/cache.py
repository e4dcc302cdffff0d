"""The user's cache folder for what is slow to make: shared by all checkouts, keyed by content.

`GITOPS_ACTION_CACHE` names the folder; else it is `gitops-action` in `XDG_CACHE_HOME`, and without
that in `~/.cache`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from testbed.process import PartError
from testbed.reaper import scratch, sweep

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".cache"
"""What belongs to this checkout alone: results, and what `make up` left running."""
PLATFORM = f"{sys.platform}-{platform.machine()}"
"""Programs are kept apart by this: a home folder may be shared by machines of several kinds."""
_FOLDERS = ("flux", "forge", "go", "locks", "npm", "oci", "scratch")


def root(environ: Mapping[str, str] = os.environ) -> Path:
    """The cache folder; it may not be there yet.

    Raises:
        PartError: `GITOPS_ACTION_CACHE` is not an absolute path.
    """
    chosen = environ.get("GITOPS_ACTION_CACHE", "")
    if chosen:
        if not Path(chosen).is_absolute():
            raise PartError(f"GITOPS_ACTION_CACHE is not an absolute path: {chosen}")
        return Path(chosen)
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    # By the XDG specification a relative path is ignored.
    return (base if base.is_absolute() else Path.home() / ".cache") / "gitops-action"


def folder(name: str) -> Path:
    """A folder of the cache, made when it is not there.

    Raises:
        PartError: it cannot be made.
    """
    path = root() / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PartError(
            f"the cache folder cannot be made: {error}; choose another one in GITOPS_ACTION_CACHE"
        ) from error
    return path


def item(name: str, make: Callable[[Path], object]) -> Path:
    """A file or folder of the cache, made when it is not there.

    Of several processes one makes it and the others wait. It appears in one step: a process that
    is killed leaves nothing half-made under that name.

    Args:
        name: below the cache folder; it changes whenever what the thing is made of does.
        make: is called with the path to make it at.
    """
    target = folder(str(Path(name).parent)) / Path(name).name
    if target.exists():
        return target
    with locked(name.replace("/", "-")):
        if not target.exists():
            place = folder("scratch")
            sweep([place])
            with scratch("part", place) as draft:
                make(draft / target.name)
                (draft / target.name).replace(target)
    return target


def has(name: str) -> bool:
    """Whether `item` of that name is there."""
    return (root() / name).exists()


def key(*parts: str | bytes) -> str:
    """Twelve hexadecimal digits that change whenever one of the parts does."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


def tree_key(root: Path, paths: Iterable[Path]) -> str:
    """The key of these files: their names below `root` and their bytes."""
    parts: list[str | bytes] = []
    for path in sorted(paths):
        parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    return key(*parts)


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold a lock among all processes that use this cache, so that only one makes a thing."""
    with (folder("locks") / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove() -> None:
    """Remove what is in the cache, and nothing else: its folder may be one that the user chose."""
    for name in _FOLDERS:
        shutil.rmtree(root() / name, ignore_errors=True)
    with suppress(OSError):
        root().rmdir()
