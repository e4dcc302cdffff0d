"""The Docker daemon: the machine's own, else one that we start and stop again.

Every process that uses a daemon of ours holds a shared lock on `users`, which the system releases
when the process ends, however it ends. The last one out stops the daemon, so runs that overlap
never pull it away from each other. Where the last one is killed, a watcher stops it: it waits for
an exclusive lock on the same file.
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

from testbed import cache, reaper
from testbed.process import PartError, run

OWNER = "gitops-action.testbed.owner"
"""The label of a container: the process it belongs to."""
_START_SECONDS = 60
_STOP_SECONDS = 60
# A machine has one daemon, whatever cache folder its users choose; only root starts one.
_STATE = Path(os.environ.get("TESTBED_DOCKER_STATE", "/run/gitops-action-testbed"))


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
    if not _may_start():
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
    """Have a daemon while the block runs; first remove the containers that killed runs left.

    Raises:
        PartError: there is none and none can be started.
    """
    reason = why_no_docker()
    if reason:
        raise PartError(f"no Docker: {reason}")
    reaper.protect()
    if not _may_start():  # the machine's own, which nobody here stops
        _remove_leftovers()
        yield
        return
    with _users() as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        _start()
        _remove_leftovers()
        try:
            yield
        finally:
            if _alone(users):
                stop()


def stop() -> None:
    """Stop the daemon that we started, and no other.

    Raises:
        PartError: it does not stop.
    """
    pid = _our_pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _our_pid() == pid:
        if time.monotonic() > deadline:
            raise PartError(f"dockerd (pid {pid}) does not stop")
        time.sleep(0.1)
        _reap(pid)


def watch() -> None:
    """Wait until nobody uses the daemon any more and stop it; one watcher a machine is enough."""
    with _users() as users, (_STATE / "watcher").open("w") as own:
        if not _alone(own.fileno()):
            return
        fcntl.flock(users, fcntl.LOCK_EX)
        stop()


def owner_label() -> str:
    """The label by which a later run finds a container whose owner is gone."""
    return f"{OWNER}={reaper.identity(os.getpid())}"


def _start() -> None:
    """Start a daemon when none answers; have one of ours watched."""
    with (_STATE / "start").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not answers():
            _launch()
    if _our_pid() is not None:
        subprocess.Popen(
            [sys.executable, "-c", "from testbed.docker.daemon import watch; watch()"],
            cwd=cache.ROOT,
            env=reaper.unmarked(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def _launch() -> None:
    log = _STATE / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["dockerd", "--pidfile", str(_pidfile())],
            env=reaper.unmarked(),
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


def _remove_leftovers() -> None:
    """Remove the containers whose owner is gone."""
    shown = f'{{{{.ID}}}} {{{{.Label "{OWNER}"}}}}'
    listing = run("docker", "ps", "--all", "--filter", f"label={OWNER}", "--format", shown)
    for line in listing.splitlines():
        container, _, mark = line.partition(" ")
        if not reaper.alive(mark):
            with contextlib.suppress(PartError):  # another run may be removing it as well
                run("docker", "rm", "--force", "--volumes", container)


@contextlib.contextmanager
def _users() -> Iterator[int]:
    _STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (_STATE / "users").open("w") as file:
        yield file.fileno()


def _may_start() -> bool:
    """Whether we are the one who starts daemons: root, by the rights of the folder /run."""
    return os.access(_STATE if _STATE.exists() else _STATE.parent, os.W_OK)


def _our_pid() -> int | None:
    """The process id of a daemon of ours that runs; its command line names our pid file."""
    try:
        pid = int(_pidfile().read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(_pidfile()).encode() in command.split(b"\0") else None


def _alone(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _reap(pid: int) -> None:
    """Collect the exit status when the daemon is a child of this process."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _pidfile() -> Path:
    return _STATE / "dockerd.pid"
