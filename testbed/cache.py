"""The git-ignored folder for what is slow to make, each thing keyed by what it is made of."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


def folder(name: str) -> Path:
    """A folder of the cache, made when it is not there."""
    path = CACHE / name
    path.mkdir(parents=True, exist_ok=True)
    return path


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
    """Hold a lock among all processes of this checkout, so that only one makes a thing."""
    with (folder("locks") / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
