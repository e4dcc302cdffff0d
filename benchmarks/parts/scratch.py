"""Where benchmarks put their files."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory, only used when it is there


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory where there is one: a slow disk would be the peer's handicap, not ours."""
    parent = _MEMORY if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="gitops-bench-", dir=parent) as folder:
        yield Path(folder)


@contextlib.contextmanager
def disk() -> Iterator[Path]:
    """A folder where people's checkouts are: on disk."""
    with tempfile.TemporaryDirectory(prefix="gitops-bench-") as folder:
        yield Path(folder)
