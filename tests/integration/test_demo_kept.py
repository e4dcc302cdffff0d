"""A demo that stays up shows commands that work."""

from __future__ import annotations

import shlex
import stat
import subprocess
from pathlib import Path

from testbed.cache import ROOT
from testbed.demo.kept import ways_in
from testbed.demo.layouts import OVERLAYS
from testbed.demo.stage import Stage


def test_its_commands_read_the_double_and_show_no_token(tmp_path: Path) -> None:
    with Stage.open(tmp_path / "a demo", OVERLAYS) as stage:
        status, pods = ways_in(stage, "apiVersion: v1")
        done = subprocess.run(
            shlex.split(status), cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert "staging: nothing is known to run; web v1.2.3 waits" in done.stderr
    token = tmp_path / "a demo" / "token"
    assert token.read_text(encoding="utf-8") not in status + pods
    assert str(tmp_path / "a demo" / "kubeconfig") in shlex.split(pods)
    assert stat.S_IMODE(token.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
