"""GitHub's own descriptions, from npm, installed by the lock file when first needed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from testbed import cache

TESTBED = Path(__file__).resolve().parents[1]


def package(name: str) -> tuple[Path, str]:
    """Return the folder and the version of an npm package of the test bed.

    Raises:
        RuntimeError: npm could not install it.
    """
    wanted = json.loads((TESTBED / "package.json").read_text())["devDependencies"][name]
    folder = TESTBED / "node_modules" / name
    if _installed(folder) != wanted:
        _install(folder, wanted)
    return folder, wanted


def _installed(folder: Path) -> str:
    try:
        return str(json.loads((folder / "package.json").read_text())["version"])
    except FileNotFoundError:
        return ""


def _install(folder: Path, wanted: str) -> None:
    with cache.locked("npm"):
        if _installed(folder) == wanted:
            return
        done = subprocess.run(
            ["npm", "ci", "--omit=optional"],
            cwd=TESTBED,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or _installed(folder) != wanted:
            raise RuntimeError(f"npm ci in {TESTBED} failed:\n{done.stderr}")
