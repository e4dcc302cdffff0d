"""A Docker daemon that the test bed started ends with its last user, also with one that is killed.

`docker` and `dockerd` are small programs here: what is tested is who starts and stops them, and the
machine's own daemon stays out of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.cache import ROOT
from testbed.reaper import identity
from tests.integration.test_testbed_reaper import ended, handles

_DOCKERD = """\
    #!/usr/bin/env python3
    import os, signal, sys, time
    pidfile = sys.argv[sys.argv.index("--pidfile") + 1]
    with open(pidfile, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)
"""
_DOCKER = """\
    #!/bin/sh
    case "$1" in
      version) pid=$(cat "$TESTBED_DOCKER_STATE/dockerd.pid") && kill -0 "$pid" ;;
      ps) cat "$TESTBED_DOCKER_STATE/containers" 2>/dev/null || true ;;
      rm) echo "$@" >> "$TESTBED_DOCKER_STATE/removed" ;;
    esac
"""
_USER = """
    import sys
    from testbed.docker import daemon
    with daemon():
        print("ready", flush=True)
        sys.stdin.readline()
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine on which only these programs are Docker."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("docker", _DOCKER), ("dockerd", _DOCKERD)):
        (programs / name).write_text(textwrap.dedent(text))
        (programs / name).chmod(0o755)
    state = tmp_path / "state"
    state.mkdir()
    path = f"{programs}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TESTBED_DOCKER_STATE": str(state)}


@contextmanager
def user(machine: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_USER)],
        cwd=ROOT,
        env=machine,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def daemon_of(machine: dict[str, str]) -> int:
    return int((Path(machine["TESTBED_DOCKER_STATE"]) / "dockerd.pid").read_text())


def test_the_daemon_ends_with_a_user_that_is_killed(machine: dict[str, str]) -> None:
    with user(machine) as process, handles([daemon_of(machine)]) as opened:
        process.kill()
        assert ended(opened)


def test_the_daemon_stays_while_another_user_is_there(machine: dict[str, str]) -> None:
    with user(machine) as first, user(machine) as second:
        started = daemon_of(machine)
        with handles([started]) as opened:
            first.kill()
            first.wait()
            with user(machine):  # starts none of its own
                assert daemon_of(machine) == started
            second.communicate("\n")
            assert second.returncode == 0
            assert ended(opened)


def test_containers_of_killed_runs_are_removed_and_no_others(machine: dict[str, str]) -> None:
    state = Path(machine["TESTBED_DOCKER_STATE"])
    with user(machine) as process:
        living = identity(process.pid)
        (state / "containers").write_text(f"aaa {living}\nbbb {living}1\n")
        with user(machine):
            pass
    assert (state / "removed").read_text() == "rm --force --volumes bbb\n"
