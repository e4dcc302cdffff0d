"""A second build has the same files with the same bytes, whenever its sources were checked out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.cache import ROOT
from testbed.docker.images import LABEL, base_image
from testbed.process import run

AGAIN = "gitops-action-again"
_LIST = """
import hashlib, json, os
mounted = {"/proc", "/sys", "/dev", "/.dockerenv"}
mounted |= {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
found = {}
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in mounted]
    for path in (os.path.join(folder, name) for name in files):
        if path in mounted:
            continue
        stat = os.lstat(path)
        link = os.path.islink(path)
        data = os.readlink(path).encode() if link else open(path, "rb").read()
        found[path] = [stat.st_mode, stat.st_uid, hashlib.sha256(data).hexdigest()]
print(json.dumps(found))
"""
_STALE = """
import importlib.util, pathlib, sys
def flags(path):
    return int.from_bytes(path.read_bytes()[4:8], "little")
for root in ("/app", "/opt/venv/lib"):
    for path in pathlib.Path(root).rglob("*.pyc"):
        if flags(path) != 1:
            print(path)
"""


def files(image: str) -> dict[str, list[object]]:
    return dict(json.loads(python(image, _LIST)))


def python(image: str, code: str) -> str:
    container = ("docker", "run", "--rm", "--network=none", "--entrypoint=python", image)
    return run(*container, "-B", "-c", code, timeout=300)


@pytest.fixture
def again(tmp_path: Path, action: str) -> Iterator[str]:  # noqa: ARG001 - a daemon has to run
    """The image, built without any cache from files of another time."""
    for name in ("Dockerfile", ".dockerignore", "entrypoint.py", "requirements", "gitops_action"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for path in tmp_path.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    base = ("--build-arg", f"BASE_IMAGE={base_image()}", "--label", f"{LABEL}=1")
    run("docker", "build", "-q", "--no-cache", "--network=host", *base, "-t", AGAIN, tmp_path)
    yield AGAIN
    run("docker", "image", "rm", AGAIN)


def test_two_builds_have_the_same_bytes(action: str, again: str) -> None:
    first, second = files(action), files(again)
    assert len(first) > 5000
    assert {path for path in {*first, *second} if first.get(path) != second.get(path)} == set()


def test_byte_code_stays_valid_whatever_the_times_of_files_become(action: str) -> None:
    """Unchecked byte code (PEP 552) alone; any other is compiled again at each start."""
    assert python(action, _STALE) == ""
