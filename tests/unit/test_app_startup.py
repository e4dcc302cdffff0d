"""What starting costs: heavy libraries are imported only by the commands that need them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["github", "git", "jinja2", "pydantic", "requests", "rich", "kubernetes"]


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
