"""GitHub's own descriptions, and axe, from npm: installed by the lock file when first needed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from testbed import cache
from testbed.process import run
from testbed.progress import progress

_TESTBED = Path(__file__).resolve().parents[1]
_FILES = ("package.json", "package-lock.json", ".npmrc")


def package(name: str) -> tuple[Path, str]:
    """Return the folder and the version of an npm package of the test bed.

    Raises:
        PartError: npm could not install it.
    """
    folder = cache.item(item(), _install) / "node_modules" / name
    return folder, str(json.loads((folder / "package.json").read_text())["version"])


def item() -> str:
    """The packages' name in the cache: it changes with the lock file."""
    return f"npm/{cache.tree_key(_TESTBED, [_TESTBED / name for name in _FILES])}"


def _install(target: Path) -> None:
    target.mkdir()
    for name in _FILES:
        shutil.copy(_TESTBED / name, target)
    with progress("fetching GitHub's descriptions of its APIs, and axe", "1 min"):
        run("npm", "ci", "--omit=optional", cwd=target)
