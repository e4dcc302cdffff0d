"""What the test bed starts ends with the process that started it, also when that one is killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed import reaper
from testbed.cache import ROOT
from testbed.reaper import MARK, alive, identity, sweep

_SECONDS = 30.0

# Starts a sleeper, and one below it that leaves for a session of its own.
_SLEEPERS = """
    import subprocess, sys, time
    from testbed import reaper
    reaper.protect()
    with reaper.scratch("test") as folder:
        mark = folder / "mark"
        mark.touch()
        subprocess.Popen(["sleep", "600"])
        subprocess.Popen(["setsid", "sh", "-c", "setsid --fork sleep 600"])
        print(folder, flush=True)
        time.sleep(600)
"""

_SERVERS = """
    import sys, time
    from pathlib import Path
    from testbed import reaper
    from testbed.cluster import ControlPlane
    from testbed.flux import Flux
    from testbed.registry import Registry
    reaper.protect()
    with (
        reaper.scratch("test") as folder,
        ControlPlane.start(folder / "plane") as plane,
        Flux.start(plane, folder / "flux"),
        Registry.start(folder / "registry"),
    ):
        print(folder, flush=True)
        time.sleep(600)
"""


@contextmanager
def started(script: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that runs the script; gives it and the folder that it prints when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.kill()


def marked_with(mark: str) -> dict[int, str]:
    """The processes that carry the mark, with their names."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={mark}".encode() in path.read_bytes().split(b"\0"):
                found[int(path.parent.name)] = (path.parent / "comm").read_text().strip()
        except OSError:
            continue
    return found


def watcher_of(mark: str) -> int:
    """The watcher: a program that starts has no command line for a moment."""
    deadline = time.monotonic() + _SECONDS
    while not (found := watchers_of(mark)):
        assert time.monotonic() < deadline, f"no watcher of {mark}"
    return found[0]


def watchers_of(mark: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if command[-2:] == [mark.encode(), b""] and b"reaper.py" in command[-3]:
            found.append(int(path.parent.name))
    return found


@contextmanager
def handles(pids: list[int]) -> Iterator[list[int]]:
    opened = [os.pidfd_open(pid) for pid in pids]
    try:
        yield opened
    finally:
        for handle in opened:
            os.close(handle)


def ended(opened: list[int]) -> bool:
    """Wait until every one of these processes has ended, or 30 seconds."""
    deadline = time.monotonic() + _SECONDS
    for handle in opened:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            return False
    return True


def two_sleepers(mark: str) -> list[int]:
    """Both sleepers: the second one's parent needs a moment."""
    deadline = time.monotonic() + _SECONDS
    while True:
        found = [pid for pid, name in marked_with(mark).items() if name == "sleep"]
        if len(found) == 2 or time.monotonic() > deadline:
            assert len(found) == 2
            return found


def test_a_killed_parent_takes_its_children_and_theirs_along() -> None:
    with started(_SLEEPERS) as (process, folder):
        mark = identity(process.pid)
        with handles([*two_sleepers(mark), watcher_of(mark)]) as opened:
            process.kill()
            assert ended(opened)
    assert not folder.exists()


@pytest.mark.usefixtures("flux_parts")
def test_a_killed_parent_takes_control_plane_flux_and_registry_along() -> None:
    with started(_SERVERS) as (process, folder):
        mark = identity(process.pid)
        servers = marked_with(mark)
        assert {name[:15] for name in servers.values()} >= {
            "etcd",
            "kube-apiserver",
            "kube-controller-manager"[:15],
            "source-controller"[:15],
            "kustomize-controller"[:15],
        }
        assert any("registry" in name for name in servers.values())
        assert folder.is_dir()
        with handles([*servers, watcher_of(mark)]) as opened:
            process.kill()
            assert ended(opened)
    assert marked_with(mark) == {}
    assert not folder.exists()


def test_a_polite_end_leaves_nothing_either() -> None:
    with started(_SLEEPERS) as (process, folder):
        mark = identity(process.pid)
        with handles([*two_sleepers(mark), watcher_of(mark)]) as opened:
            process.send_signal(signal.SIGINT)
            assert ended(opened)
    assert not folder.exists()


def test_the_next_run_ends_what_a_killed_watcher_left() -> None:
    with started(_SLEEPERS) as (process, folder):
        mark = identity(process.pid)
        watcher = watcher_of(mark)
        with handles(two_sleepers(mark)) as opened, handles([watcher]) as gone:
            os.kill(watcher, signal.SIGKILL)
            assert ended(gone)
            process.kill()
            process.wait()
            assert folder.is_dir()
            sweep()
            assert ended(opened)
    assert not folder.exists()


def test_what_a_living_owner_has_is_left_alone() -> None:
    with started(_SLEEPERS) as (process, folder):
        mark = identity(process.pid)
        sleepers = two_sleepers(mark)
        sweep()
        assert alive(mark)
        assert set(sleepers) <= set(marked_with(mark))
        assert folder.is_dir()


def test_a_mark_of_another_namespace_or_of_a_later_process_is_evaluated_right() -> None:
    own = identity(os.getpid())
    namespace, pid, began = own.split("-")
    assert alive(own)
    assert not alive(f"{namespace}-{pid}-{int(began) + 1}")
    assert alive(f"{int(namespace) + 1}-{pid}-{began}")  # nothing is known of it


def test_folders_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = identity(os.getpid())
    namespace, pid, began = own.split("-")
    gone = f"{namespace}-{pid}-{int(began) + 1}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    for name in (f"gitops-action-demo-{gone}-x1", f"gitops-action-demo-{own}-x2", "gitops-demo-x3"):
        (tmp_path / name).mkdir()
    (tmp_path / f"gitops-action-demo-{gone}-x4").symlink_to(elsewhere)
    sweep()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        "elsewhere",
        f"gitops-action-demo-{own}-x2",
        "gitops-demo-x3",
        f"gitops-action-demo-{gone}-x4",
    }
    assert (elsewhere / "file").exists()


def test_a_watcher_that_was_killed_is_replaced() -> None:
    script = """
        import os, time
        from testbed import reaper
        reaper.protect()
        print("ready", flush=True)
        input()
        reaper.protect()
        print("again", flush=True)
        time.sleep(600)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin
        assert process.stdout
        try:
            assert process.stdout.readline() == "ready\n"
            first = watcher_of(identity(process.pid))
            with handles([first]) as opened:
                os.kill(first, signal.SIGKILL)
                assert ended(opened)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "again\n"
            assert watcher_of(identity(process.pid)) != first
        finally:
            process.kill()


def test_the_environment_of_what_outlives_a_run_carries_no_mark() -> None:
    assert MARK in os.environ
    assert MARK not in reaper.unmarked()
    assert reaper.marked({"A": "1"}) == {"A": "1", MARK: os.environ[MARK]}
