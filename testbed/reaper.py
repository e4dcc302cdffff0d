"""Ends what a killed run of the test bed leaves behind: processes and temporary folders.

`protect` marks this process' environment, which every process started from here inherits, and
starts a small watcher. When this process ends, however it ends, the watcher ends every process that
carries the mark and removes the temporary folders that carry it. A watcher can be killed as well:
the next run that calls `protect` does the same for every mark whose owner is gone.

The watcher is this file, run as a script; so it imports nothing of the project. It reads /proc;
where there is none (macOS), `protect` does nothing.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "TESTBED_OWNER"
_PROC = Path("/proc")
_FOLDER = re.compile(r"gitops-action-[a-z]+-(?P<mark>\d+-\d+-\d+)-\w+")
_GRACE = 5.0
_START_FIELD = 19
"""The start time of a process, counted from its state in /proc/PID/stat (there field 22 and 3)."""

_lock = threading.Lock()
_watchers: dict[str, int] = {}


def protect() -> None:
    """From now on what this process starts ends with it; also end what killed runs left."""
    mark = identity(os.getpid())
    if not mark:
        return
    with _lock:
        watcher = _watchers.get(mark)
        if watcher and _runs(watcher):
            return
        os.environ[MARK] = mark
        _watchers[mark] = _watch(mark)
        if not watcher:
            sweep()


def marked(env: Mapping[str, str]) -> dict[str, str]:
    """This environment, with the mark that a process inherits when it gets none of its own."""
    return {**env, **{name: os.environ[name] for name in (MARK,) if name in os.environ}}


def unmarked() -> dict[str, str]:
    """This process' environment for a process that outlives it."""
    return {name: value for name, value in os.environ.items() if name != MARK}


@contextmanager
def scratch(what: str, parent: Path | None = None) -> Iterator[Path]:
    """A temporary folder that is removed at the end, also when this process is killed.

    Args:
        what: a word of small letters, for its name.
        parent: a folder of the cache; the system's folder for temporary files when None.
    """
    mark = identity(os.getpid()) or "0-0-0"
    prefix = f"gitops-action-{what}-{mark}-"
    with tempfile.TemporaryDirectory(
        prefix=prefix, dir=parent, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def sweep(places: Iterable[Path] = ()) -> None:
    """End the processes and remove the folders of every owner that is gone."""
    marks = set(_marks().values()) | {mark for _, mark in _folders(places)}
    for mark in sorted(marks):
        if not alive(mark):
            _end(mark)
            _remove(mark, places)


def identity(pid: int) -> str:
    """A name for this very process, of its PID namespace, number and start; empty when it is gone.

    A process that has ended and that its parent has not collected yet counts as gone.
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        namespace = re.sub(r"\D", "", str((_PROC / "self" / "ns" / "pid").readlink()))
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else f"{namespace}-{pid}-{fields[_START_FIELD]}"


def alive(mark: str) -> bool:
    """Whether the owner runs; of one in another PID namespace nothing is known, so it counts."""
    namespace, pid, _ = mark.split("-")
    own = identity(os.getpid()).split("-")[0]
    return namespace != own or identity(int(pid)) == mark


def _runs(watcher: int) -> bool:
    """Whether our child runs; collects it when it has ended."""
    try:
        return os.waitpid(watcher, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def _watch(mark: str) -> int:
    """Start the watcher in a session of its own, unmarked; gives its process id."""
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    command = [sys.executable, "-I", "-S", __file__, mark]
    return os.posix_spawn(sys.executable, command, unmarked(), file_actions=null, setsid=True)


def _marks() -> dict[int, str]:
    """The mark of each process that carries one and that we may look at."""
    pids = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()]
    return {pid: mark for pid in pids if (mark := _mark_of(pid))}


def _mark_of(pid: int) -> str:
    """The mark in its environment as it was when its program began; empty when there is none."""
    with suppress(OSError):
        variables = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        for variable in variables:
            found = re.fullmatch(rf"{MARK}=(\d+-\d+-\d+)".encode(), variable)
            if found:
                return found[1].decode()
    return ""


def _end(mark: str) -> None:
    """End every process with this mark, and those that they start meanwhile: politely, then not."""
    for number, seconds in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        deadline = time.monotonic() + seconds
        signalled: set[str] = set()
        while True:
            left = [pid for pid, found in _marks().items() if found == mark and identity(pid)]
            for pid in left:
                if identity(pid) not in signalled:
                    signalled.add(identity(pid))
                    _signal(pid, mark, number)
            if not left or time.monotonic() > deadline:
                break
            _wait(left, min(0.5, deadline - time.monotonic()))


def _signal(pid: int, mark: str, number: int) -> None:
    """Send a signal through a handle, so that it never hits a later process of the same number."""
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if _mark_of(pid) == mark:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _wait(pids: Iterable[int], seconds: float) -> None:
    """Wait until the first of these processes ends, or so long."""
    handles = []
    for pid in pids:
        with suppress(OSError):
            handles.append(os.pidfd_open(pid))
    ended = select.poll()
    for handle in handles:
        ended.register(handle, select.POLLIN)
    ended.poll(max(0.0, seconds) * 1000)
    for handle in handles:
        os.close(handle)


def _folders(places: Iterable[Path]) -> list[tuple[Path, str]]:
    """Our temporary folders in these places, each with its mark; only those that are our own."""
    found = []
    for place in {Path(tempfile.gettempdir()), *places}:
        with suppress(OSError):
            for path in place.iterdir():
                match = _FOLDER.fullmatch(path.name)
                if match and not path.is_symlink() and path.stat().st_uid == os.geteuid():
                    found.append((path, match["mark"]))
    return found


def _remove(mark: str, places: Iterable[Path]) -> None:
    for path, found in _folders(places):
        if found == mark:
            shutil.rmtree(path, ignore_errors=True)


def main(mark: str) -> None:
    """Wait until the owner ends, then end what it left."""
    with suppress(OSError):
        ended = select.poll()
        ended.register(os.pidfd_open(int(mark.split("-")[1])), select.POLLIN)
        if alive(mark):
            ended.poll()
    _end(mark)
    _remove(mark, ())


if __name__ == "__main__":
    main(sys.argv[1])
