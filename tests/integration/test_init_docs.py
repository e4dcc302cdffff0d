"""The documents' commands about new repositories are run, and what is installed has templates."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from testbed.process import run
from tests.support.scaffold import TEMPLATES, installed_from

ROOT = TEMPLATES.parent
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
_RUN = re.compile(
    r"<!-- run: (?P<place>\w+) -->\n\n```shell\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE
)
_BIN = Path(sys.executable).parent


def examples(place: str) -> list[str]:
    return [found["code"] for found in _RUN.finditer(PAGE) if found["place"] == place]


def shell(code: str, folder: Path, package: Path = ROOT) -> None:
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    starter = programs / "gitops-action"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitops_action "$@"\n')
    starter.chmod(0o755)
    environ = {
        "HOME": str(folder),
        "PATH": f"{programs}:{_BIN}:{os.environ['PATH']}",
        "PYTHONPATH": f"{installed_from(folder.parent / 'site')}:{package}",
        "PYTHONSAFEPATH": "1",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def content(folder: Path) -> dict[Path, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("code", examples("empty"))
def test_examples_write_repositories(code: str, empty: Path) -> None:
    shell(code, empty)
    assert list(empty.rglob("*.yml"))


def test_examples_work_in_what_was_written(empty: Path) -> None:
    shell(examples("empty")[0], empty)
    (code,) = examples("environment")
    shell(code, empty / "environment")
    assert {path.name for path in empty.iterdir()} >= {"environment", "web"}


def test_folders_that_the_page_tells_of_are_written(empty: Path) -> None:
    shell(examples("empty")[0], empty)
    told = re.findall(r"^\| `([\w./-]+/)`", PAGE, re.MULTILINE)
    assert len(told) >= 5
    for folder in told:
        assert (empty / folder).is_dir(), folder


def test_the_wheel_holds_the_templates(empty: Path) -> None:
    """What pipx installs writes the same as a checkout does."""
    run(_BIN / "uv", "build", "--quiet", "--wheel", "--out-dir", empty.parent / "wheel", ROOT)
    (wheel,) = (empty.parent / "wheel").glob("*.whl")
    package = empty.parent / "package"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(package)
    shell(examples("empty")[0], empty, package)
    mine = content(empty)
    other = empty.parent / "other"
    other.mkdir()
    shell(examples("empty")[0], other)
    assert content(other) == mine
    assert Path("environment/.github/gitops.yaml") in mine
