"""Runs in forks of a process that has imported the action are like those of new processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.preloaded import ROOT, WANTED, run_command_line, run_entrypoint
from tests.support.flux import until
from tests.support.scaffold import installed_from

PATH = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    "given",
    [
        {"INPUT_COMMAND": "no-such"},
        {"INPUT_COMMAND": "tag", "INPUT_NO-SUCH": "x"},
        {"INPUT_COMMAND": "bump", "INPUT_MODE": "local", "INPUT_IMAGES": "nginx:1"},
    ],
)
def test_it_ends_as_a_new_process_does(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked = run_entrypoint({**PATH, **given}, tmp_path, timeout=60)
    monkeypatch.delenv(WANTED)
    started = run_entrypoint({**PATH, **given}, tmp_path, timeout=60)
    assert forked.returncode == started.returncode != 0
    assert forked.stdout == started.stdout != b""


@pytest.mark.parametrize(
    "words",
    [["--version"], ["no-such"], ["init", "environment"], ["config", "check"], ["bump", "--help"]],
)
def test_a_command_line_ends_as_a_new_process_does(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same words on the same stream; both find the package that PYTHONPATH names."""
    record = installed_from(tmp_path / "site", "https://github.com/acme/of-this-test")
    env = {**PATH, "HOME": str(tmp_path), "PYTHONPATH": f"{record}:{ROOT}"}
    forked = run_command_line(words, env, tmp_path)
    monkeypatch.delenv(WANTED)
    started = run_command_line(words, env, tmp_path)
    assert forked.returncode == started.returncode
    assert (forked.stdout, forked.stderr) == (started.stdout, started.stderr)
    assert forked.stdout + forked.stderr


def test_nothing_of_this_process_or_another_run_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPUT_COMMAND", "no-such")
    first = run_entrypoint({**PATH, "INPUT_COMMAND": "first"}, tmp_path, timeout=60)
    second = run_entrypoint({**PATH, "INPUT_COMMAND": "second"}, tmp_path, timeout=60)
    assert b"'first'" in first.stdout
    assert b"'second'" in second.stdout
    assert b"no-such" not in first.stdout + second.stdout


def test_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_entrypoint({**PATH, "INPUT_COMMAND": "tag"}, tmp_path, timeout=0.001)


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path; from testbed import preloaded;"
        "preloaded.run_entrypoint(dict(os.environ), Path('.'), timeout=60);"
        "print(preloaded.server()); os._exit(0)"
    )
    env = {**os.environ, WANTED: "1", "PYTHONPATH": str(ROOT)}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, check=True
    )
    address = shown.stdout.decode().strip()
    assert address.endswith("socket")
    until(lambda: not listens(address), what="the server ends")


def listens(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return not probe.connect_ex(address)
