"""A real checkout on disk, worked on with the real Git as a person would."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PERSON = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "alice",
    "GIT_AUTHOR_EMAIL": "alice@example.com",
    "GIT_COMMITTER_NAME": "alice",
    "GIT_COMMITTER_EMAIL": "alice@example.com",
}


def run_git(*arguments: str | Path, folder: Path | None = None) -> str:
    """Run Git without anybody's settings; gives its output."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **_PERSON},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A checkout."""

    root: Path

    def git(self, *arguments: str | Path) -> str:
        return run_git(*arguments, folder=self.root)

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        for path, content in files.items():
            place = self.root / path
            if content is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change") -> str:
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def everything(self) -> dict[str, tuple[int, str]]:
        """Every file below it, Git's own too, by mode, time and content.

        Times of objects are left out: Git touches one that it would have to write again.
        """
        found = {}
        for place in self.root.rglob("*"):
            if place.is_file() and not place.is_symlink():
                facts, path = place.lstat(), str(place.relative_to(self.root))
                when = 0 if path.startswith(".git/objects/") else facts.st_mtime_ns
                digest = hashlib.sha256(place.read_bytes()).hexdigest()
                found[path] = (facts.st_mode, f"{when} {digest}")
        return found


def new_checkout(root: Path, files: Mapping[str, str | bytes | None]) -> Checked:
    """A repository with one commit on `main`."""
    root.mkdir(parents=True, exist_ok=True)
    made = Checked(root=root)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit(files, "Initial commit")
    return made
