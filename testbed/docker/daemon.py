"""The Docker daemon: the machine's own, else one that we start and stop again.

Every process that uses a daemon of ours holds a shared lock on `users`. The last one out stops
it, so runs that overlap never pull it away from each other, and a run that was killed leaves
nothing that the next one would not clean up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from testbed import cache
from testbed.process import PartError, run

_START_SECONDS = 60
_STOP_SECONDS = 60


def why_no_docker() -> str:
    """Say why Docker cannot be used here; empty when it can, or when `start` may start it."""
    if sys.platform != "linux":
        return "container runs share the host's network, which Docker does only on Linux"
    if not shutil.which("docker"):
        return "there is no docker command"
    if answers():
        return ""
    if not shutil.which("dockerd"):
        return "no Docker daemon answers and dockerd is not installed"
    if os.geteuid() != 0:
        return "no Docker daemon answers and only root can start one"
    return ""


def answers() -> bool:
    """Whether a daemon answers the docker command."""
    try:
        run("docker", "version", "--format", "{{.Server.Version}}", timeout=20)
    except PartError:
        return False
    return True


@contextlib.contextmanager
def daemon() -> Iterator[None]:
    """Have a daemon while the block runs.

    Raises:
        PartError: there is none and none can be started.
    """
    with (cache.folder("docker") / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        start()
        try:
            yield
        finally:
            if not _kept().exists() and _alone(users.fileno()):
                stop()


def start(*, keep: bool = False) -> bool:
    """Start a daemon when none answers; return whether it was started.

    Args:
        keep: it outlives the runs that use it, until `stop`.

    Raises:
        PartError: Docker cannot be used here, or the daemon does not come up.
    """
    reason = why_no_docker()
    if reason:
        raise PartError(f"no Docker: {reason}")
    with cache.locked("dockerd"):
        if answers():
            return False
        _launch()
        if keep:
            _kept().touch()
        return True


def stop() -> bool:
    """Stop the daemon that `start` started, and no other; return whether one was stopped."""
    pid = _our_pid()
    _kept().unlink(missing_ok=True)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _our_pid() == pid:
        if time.monotonic() > deadline:
            raise PartError(f"dockerd (pid {pid}) does not stop")
        time.sleep(0.1)
        _reap(pid)
    return True


def _launch() -> None:
    log = cache.folder("docker") / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["dockerd", "--pidfile", str(_pidfile())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise PartError(f"dockerd does not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)


def _our_pid() -> int | None:
    """The process id of a daemon of ours that runs; its command line names our pid file."""
    try:
        pid = int(_pidfile().read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(_pidfile()).encode() in command.split(b"\0") else None


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _reap(pid: int) -> None:
    """Collect the exit status when the daemon is a child of this process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _pidfile() -> Path:
    return cache.folder("docker") / "dockerd.pid"


def _kept() -> Path:
    return cache.folder("docker") / "kept"
