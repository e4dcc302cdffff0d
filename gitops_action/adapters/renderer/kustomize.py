"""`kubectl kustomize` of one folder of a scratch copy."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops_action.adapters.process import ProcessError, Runner
from gitops_action.core.rendering import RenderError
from gitops_action.core.rendering.failures import kustomize_error
from gitops_action.core.rendering.kustomization import with_origins
from gitops_action.core.rendering.layout import Layout
from gitops_action.core.repository import SYMLINK, RepositoryFile
from gitops_action.errors import Location

# Where the programs that render are, and what they may know of their surroundings.

_MIB = 1024 * 1024
_ALLOWED_OUT = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
# A port that nothing listens on: Go's HTTP client asks this proxy, and gets nowhere.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a render may take.

    Attributes:
        seconds: for one run of a program; kustomize takes a minute for 5,000 objects of one folder.
        output: bytes that one folder may render to.
    """

    seconds: float = 300.0
    output: int = 64 * _MIB


def find_kubectl(path: str | None = None) -> str | None:
    """The kubectl that this package depends on, at its pinned version; else the one on PATH."""
    scripts = {str(Path(sys.executable).parent), sysconfig.get_path("scripts")}
    for folder in sorted(scripts):
        found = shutil.which("kubectl", path=folder)
        if found:
            return found
    return shutil.which("kubectl", path=path)


def find_helm(path: str | None = None) -> str | None:
    """The helm on PATH; None where there is none, and charts stay unrendered."""
    return shutil.which("helm", path=path)


def surroundings(
    environ: Mapping[str, str], home: Path, *, allow_remote: bool
) -> Mapping[str, str]:
    """The environment of a program that renders: no credentials, no settings, and no way out.

    Without `allow_remote` there is no program on its PATH, so no git either, and HTTP ends at a
    closed port: reading the kustomizations has refused remote bases before, and should a base have
    been hidden from us, it still is not fetched.
    """
    base = {
        "HOME": str(home),
        "KUBECONFIG": os.devnull,
        "TMPDIR": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GOGC": "400",  # a short run needs no tidy heap
    }
    if allow_remote:
        kept = {name: environ[name] for name in _ALLOWED_OUT if name in environ}
        return {**base, **kept, "PATH": environ.get("PATH", os.defpath)}
    return {
        **base,
        "PATH": str(home),
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "",
    }


# A copy of just the files that a render stands on.

_TOP = "repository"
_HOME = "home"


class Scratch:
    """A temporary folder with the files below `top`, and an empty home for programs."""

    def __init__(self) -> None:
        """Make the folder; it is removed at the end of the `with` block."""
        self._folder = tempfile.TemporaryDirectory(prefix="gitops-action-")
        root = Path(self._folder.name).resolve()
        self.top = root / _TOP
        self.home = root / _HOME
        self.top.mkdir()
        self.home.mkdir()
        self._written = False

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove everything."""
        self._folder.cleanup()

    def write(self, files: Mapping[str, RepositoryFile], layout: Layout) -> None:
        """Write the files, once; links only where they lead to something inside."""
        if self._written:
            return
        self._written = True
        made: set[Path] = set()
        for path, file in files.items():
            target = self.top / path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            if file.mode != SYMLINK:
                target.write_bytes(file.data)
            elif layout.follow("", path).path is not None:
                target.symlink_to(file.data.decode(errors="surrogateescape"))

    def replace(self, path: str, data: bytes) -> None:
        """Write something else in a file's place; a link in its place is no longer one."""
        target = self.top / path
        target.unlink(missing_ok=True)
        target.write_bytes(data)

    def clean(self, text: str) -> str:
        """A program's words with paths from the repository's top: where we work is no one's."""
        for place, shown in ((f"{self.top}/", ""), (str(self.top), "."), (str(self.home), "~")):
            text = text.replace(place, shown)
        return text


_OUTPUT = "output.yaml"


@dataclass(frozen=True, kw_only=True)
class Build:
    """What to build, and how.

    Attributes:
        folder: what is rendered.
        kustomization: its kustomization file.
        outside: whether kustomizations may read files beside and above their folders.
        charts: whether there are Helm charts in it.
        origins: whether kustomize is to tell the file of each object, which costs time.
    """

    folder: str
    kustomization: str
    outside: bool = False
    charts: bool = False
    origins: bool = False


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """The program, and how it is run.

    Attributes:
        program: its path.
        runner: starts it.
        limits: what a run may take.
        allow_remote: whether it may fetch.
        helm: the helm program for charts of kustomizations.
    """

    program: str
    runner: Runner
    limits: Limits
    allow_remote: bool
    helm: str | None

    def build(self, scratch: Scratch, build: Build) -> tuple[bytes, bool]:
        """What kustomize prints, and whether origins in it are only there because we asked.

        Raises:
            RenderError: it failed, took too long, or printed too much.
        """
        ours = build.origins and self._ask_for_origins(scratch, build.kustomization)
        output = scratch.home / _OUTPUT
        output.unlink(missing_ok=True)
        command = [self.program, "kustomize", str(scratch.top / build.folder), "-o", str(output)]
        if build.outside:
            command.append("--load-restrictor=LoadRestrictionsNone")
        if build.charts and self.helm:
            command += ["--enable-helm", f"--helm-command={self.helm}"]
        self._run(command, scratch, build)
        return self._printed(output, build), ours

    def _ask_for_origins(self, scratch: Scratch, path: str) -> bool:
        changed = with_origins((scratch.top / path).read_bytes())
        if changed is None:
            return False
        scratch.replace(path, changed)
        return True

    def _run(self, command: list[str], scratch: Scratch, build: Build) -> None:
        environ = surroundings(self.runner.environ, scratch.home, allow_remote=self.allow_remote)
        runner = replace(self.runner, environ=environ, redact=_whole, timeout=self.limits.seconds)
        try:
            done = runner.run(command, cwd=scratch.home, accept=frozenset(range(256)))
        except ProcessError as error:
            raise _stopped(build, scratch.clean(error.cause)) from None
        if done.exit_code:
            told = scratch.clean(self.runner.redact(done.stderr.decode(errors="replace")))
            raise kustomize_error(build.folder, told, build.kustomization)

    def _printed(self, output: Path, build: Build) -> bytes:
        size = output.stat().st_size if output.exists() else 0
        if size > self.limits.output:
            raise RenderError(
                f"{build.folder or 'the repository'} renders to too much",
                cause=f"{size / _MIB:.0f} MiB, the limit is {self.limits.output / _MIB:.0f} MiB",
                fix="split the environment into several folders",
                location=Location(file=build.kustomization),
            )
        return output.read_bytes() if size else b""


def _whole(text: str) -> str:
    return text


def _stopped(build: Build, cause: str) -> RenderError:
    return RenderError(
        f"{build.folder or 'the repository'} cannot be rendered",
        cause=cause,
        location=Location(file=build.kustomization),
    )
