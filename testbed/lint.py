"""The checks that no Python tool does: workflows, Dockerfiles, scripts and lock files.

`python -m testbed.lint` runs all of them and ends with 1 when one found something.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from testbed.cache import ROOT
from testbed.gotool import ACTIONLINT, go_program
from testbed.process import PartError, run

_ADDRESS = re.compile(r"https?://[^\s\"']*(?:/simple|/packages/|/-/)|--(?:extra-)?index-url")
_LOCKS = (("runtime.txt", ()), ("dev.txt", ("--extra", "dev", "-c", "requirements/runtime.txt")))


def tracked(*patterns: str) -> tuple[str, ...]:
    """The project's files that match Git pathspecs, new ones included."""
    listing = run(
        *("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"),
        *patterns,
        cwd=ROOT,
    )
    return tuple(name for name in sorted(set(listing.split("\0"))) if (ROOT / name).is_file())


def workflows() -> None:
    """Syntax and types (actionlint), then security (zizmor), also of the templates' workflows.

    A template's workflow that its example does without is linted where a test writes it out.
    """
    every = tracked(":(glob)**/.github/workflows/*.y*ml")
    files = [name for name in every if not _is_comment(ROOT / name)]
    run(go_program(ACTIONLINT), "-color", *files, cwd=ROOT)
    others = tracked("action.yml", ".github/dependabot.yml")
    options = ("--offline", "--quiet", "--no-progress", "--persona=pedantic")
    run(_tool("zizmor"), *options, *files, *others, cwd=ROOT)


def _is_comment(path: Path) -> bool:
    return all(line.startswith("#") or not line for line in path.read_text().splitlines())


def dockerfiles() -> None:
    """Hadolint on every Dockerfile."""
    run(_tool("hadolint"), *tracked(":(glob)**/Dockerfile"), cwd=ROOT)


def scripts() -> None:
    """Shellcheck on every shell script."""
    run(_tool("shellcheck"), *tracked(".ci/*", "*.sh"), cwd=ROOT)


def locks_are_fresh() -> None:
    """The Python lock files hold what pyproject.toml asks for."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, options in _LOCKS:
            lock, copy = ROOT / "requirements" / name, Path(scratch) / name
            shutil.copy(lock, copy)
            run(
                *(
                    _tool("uv"),
                    "pip",
                    "compile",
                    "--quiet",
                    "--universal",
                    "--python-version",
                    "3.11",
                ),
                *("--generate-hashes", "--no-header", "--output-file", copy, *options),
                "pyproject.toml",
                cwd=ROOT,
            )
            if copy.read_bytes() != lock.read_bytes():
                raise PartError(f"requirements/{name} does not fit pyproject.toml: run `make lock`")


def locks_name_no_registry() -> None:
    """Locks name packages by name, version and hash, so that any registry can serve them."""
    for name in tracked("requirements/*.txt", ":(glob)**/package-lock.json"):
        found = _ADDRESS.search((ROOT / name).read_text(encoding="utf-8"))
        if found:
            raise PartError(f"{name} names a registry's address: {found.group()}")


CHECKS: tuple[Callable[[], None], ...] = (
    workflows,
    dockerfiles,
    scripts,
    locks_are_fresh,
    locks_name_no_registry,
)


def main(checks: Iterable[Callable[[], None]] = CHECKS) -> int:
    """Run every check, print how each ended, return the exit code."""
    failed = False
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            check()
        except PartError as error:
            failed = True
            print(f"{name}: FAILED\n{error}")
        else:
            print(f"{name}: ok")
    return int(failed)


def _tool(name: str) -> Path:
    """A program of this Python environment: it stands beside the interpreter."""
    return Path(sys.executable).parent / name


if __name__ == "__main__":
    sys.exit(main())
