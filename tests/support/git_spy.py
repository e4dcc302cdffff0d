"""A `git` on PATH that writes down how it was started, then is the real one."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, kw_only=True)
class GitSpy:
    """What all processes of Git were started with so far."""

    folder: Path

    def arguments(self) -> str:
        return (self.folder / "argv").read_text()

    def environment(self) -> dict[str, set[str]]:
        """Every variable with every value it had."""
        found: dict[str, set[str]] = {}
        for entry in (self.folder / "environ").read_text().split("\0"):
            name, equals, value = entry.partition("=")
            if equals:
                found.setdefault(name, set()).add(value)
        return found


def spy_on_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> GitSpy:
    """Put the spy first on PATH; what it sees goes to `folder`."""
    real = shutil.which("git")
    shim = folder / "bin" / "git"
    shim.parent.mkdir(parents=True)
    # The double runs Git in this process too; ours is known by the folder it works in.
    shim.write_text(
        f'#!/bin/sh\ncase "$GIT_DIR" in *gitops-action-git-*)\n'
        f"  printf '%s\\0' \"$@\" >> {folder}/argv\n"
        f'  cat /proc/$$/environ >> {folder}/environ\nesac\nexec {real} "$@"\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    return GitSpy(folder=folder)
