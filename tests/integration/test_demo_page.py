"""The demo's page opens in a browser where a person sits before it, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from testbed.cache import ROOT
from testbed.demo.page import wanted
from tests.support.terminal import fake_browser, in_terminal

ADDRESS = "file:///home/alice/status.html"
PROGRAM = (sys.executable, "-c", f"from testbed.demo.page import open_page; open_page({ADDRESS!r})")
_LOOKED_FOR = ("CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def environ(**more: str) -> dict[str, str]:
    known = {name: text for name, text in os.environ.items() if name not in _LOOKED_FOR}
    return {**known, "PYTHONPATH": str(ROOT), **more}


@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_it_opens_in_the_browser_of_a_desktop(tmp_path: Path, display: str) -> None:
    browser, seen = fake_browser(tmp_path)
    done = in_terminal(PROGRAM, environ(**{display: ":0"}, BROWSER=str(browser)))
    assert done.returncode == 0, done.stdout
    assert seen.read_text(encoding="utf-8") == f"{ADDRESS}\n"


def test_it_opens_in_the_desktops_own_choice(tmp_path: Path) -> None:
    _, seen = fake_browser(tmp_path, "xdg-open")
    done = in_terminal(PROGRAM, environ(DISPLAY=":0", PATH=str(tmp_path)))
    assert done.returncode == 0, done.stdout
    assert seen.read_text(encoding="utf-8") == f"{ADDRESS}\n"


@pytest.mark.parametrize("variables", [{}, {"DISPLAY": ":0", "CI": "true"}, {"DISPLAY": ""}])
def test_nothing_opens_in_ci_or_without_a_display(
    tmp_path: Path, variables: Mapping[str, str]
) -> None:
    browser, seen = fake_browser(tmp_path)
    done = in_terminal(PROGRAM, environ(**variables, BROWSER=str(browser)))
    assert done.returncode == 0, done.stdout
    assert not seen.exists()


def test_nothing_opens_where_the_output_goes_to_a_file(tmp_path: Path) -> None:
    browser, seen = fake_browser(tmp_path)
    variables = environ(DISPLAY=":0", BROWSER=str(browser))
    subprocess.run(PROGRAM, env=variables, stdout=subprocess.DEVNULL, check=True, timeout=60)
    assert not seen.exists()


def test_a_browser_that_fails_is_no_matter() -> None:
    done = in_terminal(PROGRAM, environ(DISPLAY=":0", BROWSER="/bin/false", PATH="/nowhere"))
    assert done.returncode == 0, done.stdout


def test_macs_have_a_display_without_a_variable() -> None:
    assert wanted({}, terminal=True, system="darwin")
    assert not wanted({}, terminal=False, system="darwin")
    assert not wanted({}, terminal=True, system="linux")
