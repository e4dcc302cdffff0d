"""Tasks of the Makefile at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testbed import reaper
from testbed.cache import ROOT
from tests.support.flux import until

MAKEFILE = """
parts: ; @exit 9
one: parts ; @touch one; until [ -e two ]; do sleep 0.05; done; echo first
two: parts ; @touch two; until [ -e one ]; do sleep 0.05; done; echo second
red: ; @echo wrong >&2; exit 3
long: ; @echo $$$$ >pid; exec sleep 600
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "parts").touch()
    return tmp_path


def started(folder: Path, *names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "testbed.beside", *names]
    env = reaper.unmarked() | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def test_they_run_together_and_lines_name_their_task(folder: Path) -> None:
    process = started(folder, "one", "two")
    shown, _ = process.communicate(timeout=60)  # each waits for the other
    assert process.returncode == 0
    *lines, first, second = shown.splitlines()
    assert sorted(lines) == ["one | first", "two | second"]
    assert (first.partition(":")[0], second.partition(":")[0]) == ("one", "two")


def test_one_that_fails_fails_the_run_and_the_other_ends_by_itself(folder: Path) -> None:
    (folder / "two").touch()
    process = started(folder, "red", "one")
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "red | wrong" in shown
    assert "one | first" in shown
    assert "exit code 2" in shown.splitlines()[-2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_its_end_is_the_end_of_its_tasks(folder: Path, number: signal.Signals) -> None:
    process = started(folder, "long")
    until((folder / "pid").exists, what="the task runs")
    until(lambda: (folder / "pid").read_text().strip(), what="the task has a number")
    (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
    process.communicate(timeout=60)
    task = Path("/proc") / (folder / "pid").read_text().strip()
    until(lambda: not task.exists(), what="the task ends")
