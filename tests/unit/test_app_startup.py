"""What starting costs: heavy libraries are imported only by the commands that need them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic.plugin._loader import get_plugins

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["github", "git", "jinja2", "pydantic", "requests", "rich", "kubernetes"]
UNNEEDED = {
    "deploy": (*HEAVY, "ruamel.yaml", "yaml", "gitops_action.core.discovery"),
    "drift": (*HEAVY, "ruamel.yaml", "yaml", "gitops_action.core.discovery"),
    "history": (*HEAVY, "gitops_action.commands.gate"),
    "status": (*HEAVY, "gitops_action.commands.gate", "gitops_action.commands.validate"),
}
"""What a command does not load before it knows that it needs it."""


@pytest.mark.parametrize(
    "arguments", [["--version"], ["bump", "--help"], ["bump"], ["bump", "--digest", "x"]]
)
def test_what_ends_early_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from gitops_action.cli import main\n"
        f"main({arguments!r})\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={}
    )
    assert json.loads(result.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("way", [["entrypoint.py"], ["-m", "gitops_action", "bump"]])
def test_both_ways_in_tell_the_same_error(way: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, *way], capture_output=True, text=True, check=False, cwd=ROOT, env={}
    )
    assert result.returncode == 2
    assert "There is nothing to bump" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", UNNEEDED)
def test_a_command_loads_what_it_may_need_only_when_it_does(command: str) -> None:
    unneeded = UNNEEDED[command]
    code = (
        "import sys\n"
        f"import gitops_action.app.{command}\n"
        f"print([name for name in {unneeded!r} if name in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={}
    )
    assert result.stdout == "[]\n"


def test_pydantic_looks_for_no_plugins_among_the_installed_packages() -> None:
    """The search reads the metadata of every package, and would load foreign code."""
    assert not get_plugins()
    assert os.environ["PYDANTIC_DISABLE_PLUGINS"] == "__all__"


def test_the_end_of_a_run_searches_no_objects_for_circles() -> None:
    """It would take a tenth of a second where a thousand objects are compared."""
    code = (
        "import atexit, gc\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1_000))\n"  # the first one runs last
        "import gitops_action\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={}
    )
    assert result.stdout.strip() == "True"
