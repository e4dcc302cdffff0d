"""Git gets an environment of our choosing each time that it is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = "planted-token"
SERVER = """
from datetime import datetime, UTC
from gitops_action.adapters.git import GitStore, GitTarget
from gitops_action.core.pull_requests import Identity
nobody = Identity(login="x", name="x", email="x@localhost")
target = GitTarget(server_url="https://localhost", repository="a/b", token="", identity=nobody)
with GitStore(target, now=lambda: datetime.now(UTC)):
    pass
"""
LOCAL = """
from gitops_action.adapters.git.scratch import ScratchRepository
with ScratchRepository(None) as scratch:
    scratch.objects.sizes(["HEAD"])
import sys
assert "git" not in sys.modules, "what asks no server does not load GitPython"
"""


@pytest.mark.parametrize("program", [SERVER, LOCAL], ids=["server", "local"])
def test_the_jobs_tokens_never_reach_git(tmp_path: Path, program: str) -> None:
    shim, log = tmp_path / "bin" / "git", tmp_path / "log"
    shim.parent.mkdir()
    real = shutil.which("git")
    shim.write_text(f'#!/bin/sh\ncat /proc/$$/environ >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "GITHUB_TOKEN": PLANTED, "GIT_SSL_NO_VERIFY": "1"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root, env=environ)
    seen = log.read_text()
    assert "GIT_TERMINAL_PROMPT=0" in seen
    assert "LC_ALL=C\0" in seen
    assert PLANTED not in seen
    assert "GIT_SSL_NO_VERIFY" not in seen
