"""Git gets an environment of our choosing each time that it is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PLANTED = "planted-token"
PROGRAM = """
from datetime import datetime, UTC
from gitops_action.adapters.git import GitStore, GitTarget
from gitops_action.core.pull_requests import Identity
nobody = Identity(login="x", name="x", email="x@localhost")
target = GitTarget(server_url="https://localhost", repository="a/b", token="", identity=nobody)
with GitStore(target, now=lambda: datetime.now(UTC)):
    pass
"""


def test_the_jobs_tokens_never_reach_git(tmp_path: Path) -> None:
    shim, log = tmp_path / "bin" / "git", tmp_path / "log"
    shim.parent.mkdir()
    real = shutil.which("git")
    shim.write_text(f'#!/bin/sh\ncat /proc/$$/environ >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "GITHUB_TOKEN": PLANTED, "GIT_SSL_NO_VERIFY": "1"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=root, env=environ)
    seen = log.read_text()
    assert "GIT_TERMINAL_PROMPT=0" in seen
    assert PLANTED not in seen
    assert "GIT_SSL_NO_VERIFY" not in seen
