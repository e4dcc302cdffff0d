"""`kubectl kustomize` of one folder of a scratch copy."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops_action.adapters import process
from gitops_action.core.dataclass import dataclass
from gitops_action.core.rendering import RenderError
from gitops_action.core.rendering.failures import kustomize_error
from gitops_action.core.rendering.kustomization import with_origins
from gitops_action.core.rendering.layout import RepositoryLayout
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
_PASSED = 0o710
_LISTED = 0o755
_READABLE = 0o644
_CREATED = 0o666  # less the umask, as `open` has it


class FileTooLargeError(Exception):
    """A program wrote more than it may.

    Attributes:
        size: bytes.
    """

    def __init__(self, size: int) -> None:
        """Take the size."""
        super().__init__(size)
        self.size = size


class ScratchFolder:
    """A temporary folder with the files below `top`, and an empty home for programs.

    Programs of another user can read what is below `top`, and write below `home` alone.
    """

    def __init__(self, sandbox: process.SandboxFinder = process.no_sandbox) -> None:
        """Nothing is made before it is needed; it is removed at the end of the `with` block."""
        self._sandbox = sandbox
        self._stack = ExitStack()
        self._made: set[Path] = set()
        self._written: set[str] = set()
        self._whole = False

    @cached_property
    def _user(self) -> int | None:
        return self._sandbox().user

    @cached_property
    def _root(self) -> Path:
        made = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gitops-action-"))
        root = Path(made).resolve()
        top, home = root / _TOP, root / _HOME
        top.mkdir()
        home.mkdir()
        if self._user is not None:
            os.chown(home, self._user, self._user)
            os.chown(root, -1, self._user)
            root.chmod(_PASSED)
            top.chmod(_LISTED)
        self._made |= {top, root}
        return root

    @property
    def top(self) -> Path:
        """The folder of the files."""
        return self._root / _TOP

    @property
    def home(self) -> Path:
        """The home of programs."""
        return self._root / _HOME

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
        self._stack.close()

    def write(self, files: Mapping[str, RepositoryFile], layout: RepositoryLayout) -> None:
        """Write every file that a build may read, once."""
        if self._whole:
            return
        self._whole = True
        self.write_some(files, layout)

    def write_some(self, files: Mapping[str, RepositoryFile], layout: RepositoryLayout) -> None:
        """Write these files where they are missing; links only where they lead to one inside."""
        for path, file in files.items():
            if path in self._written:
                continue
            self._written.add(path)
            target = self.top / path
            self._make(target.parent, self._made)
            if file.mode != SYMLINK:
                self._put(target, file.data)
            elif layout.follow("", path).path is not None:
                target.symlink_to(file.data.decode(errors="surrogateescape"))

    def replace(self, path: str, data: bytes) -> None:
        """Write something else in a file's place; a link in its place is no longer one."""
        target = self.top / path
        target.unlink(missing_ok=True)
        self._put(target, data)

    def restore(self, files: Mapping[str, RepositoryFile], layout: RepositoryLayout) -> None:
        """Write these files as they are in place of what replaced them."""
        for path in files:
            (self.top / path).unlink(missing_ok=True)
        self._written -= files.keys()
        self.write_some(files, layout)

    def give(self, name: str, data: bytes) -> Path:
        """Write a file of ours that programs can read and not change."""
        target = self.top.parent / name
        self._make(target.parent, self._made)
        self._put(target, data)
        return target

    def _make(self, folder: Path, made: set[Path]) -> None:
        if folder in made:
            return
        self._make(folder.parent, made)
        folder.mkdir(exist_ok=True)
        if self._user is not None:
            folder.chmod(_LISTED)
        made.add(folder)

    def _put(self, target: Path, data: bytes) -> None:
        # Without Python's own buffer: of thousands of small files that halves the time.
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _CREATED)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
        if self._user is not None:
            target.chmod(_READABLE)

    def clean(self, text: str) -> str:
        """A program's words with paths from the repository's top: where we work is no one's."""
        for place, shown in ((f"{self.top}/", ""), (str(self.top), "."), (str(self.home), "~")):
            text = text.replace(place, shown)
        return text


def read_regular(path: Path, *, most: int) -> bytes:
    """What a program wrote into a file; empty where it wrote none.

    The program could have put a link there, to a file that only we may read.

    Raises:
        FileTooLargeError: it wrote more than `most` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            return b""
        if facts.st_size > most:
            raise FileTooLargeError(facts.st_size)
        return file.read(most)


_OUTPUT = "output.yaml"


@dataclass(frozen=True, kw_only=True)
class Build:
    """What to build, and how.

    Attributes:
        folder: what is rendered.
        kustomization: its kustomization file.
        outside: whether kustomizations may read files beside and above their folders.
        charts: whether there are Helm charts in it.
        origins: whether kustomize reports the file of each object, which costs time.
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
    runner: process.Runner
    limits: Limits
    allow_remote: bool
    helm: str | None

    def build(self, scratch: ScratchFolder, build: Build) -> tuple[bytes, bool]:
        """What kustomize prints, and whether origins in it are only there because we asked.

        Raises:
            RenderError: it failed, took too long, or printed too much.
        """
        ours = build.origins and self._ask_for_origins(scratch, build.kustomization)
        output = scratch.home / _OUTPUT
        output.unlink(missing_ok=True)
        charts = build.charts and self.helm is not None
        command = process.CommandLine(
            program=self.program,
            words=(
                "kustomize",
                *(["--load-restrictor=LoadRestrictionsNone"] if build.outside else []),
                *(["--enable-helm"] if charts else []),
            ),
            values=(
                ("--output", str(output)),
                *([("--helm-command", self.helm)] if charts and self.helm else []),
            ),
            operands=(str(scratch.top / build.folder),),
        )
        self._run(command, scratch, build)
        return self._printed(output, build), ours

    def _ask_for_origins(self, scratch: ScratchFolder, path: str) -> bool:
        changed = with_origins((scratch.top / path).read_bytes())
        if changed is None:
            return False
        scratch.replace(path, changed)
        return True

    def _run(self, command: process.CommandLine, scratch: ScratchFolder, build: Build) -> None:
        environ = surroundings(self.runner.environ, scratch.home, allow_remote=self.allow_remote)
        runner = replace(self.runner, environ=environ, redact=_whole, timeout=self.limits.seconds)
        try:
            done = runner.run(command, cwd=scratch.home, accept=frozenset(range(256)))
        except process.ProcessError as error:
            raise _stopped(build, scratch.clean(error.cause)) from None
        if done.exit_code:
            told = scratch.clean(self.runner.redact(done.stderr.decode(errors="replace")))
            raise kustomize_error(build.folder, told, build.kustomization)

    def _printed(self, output: Path, build: Build) -> bytes:
        try:
            data = read_regular(output, most=self.limits.output)
        except FileTooLargeError as error:
            size = error.size
            raise RenderError(
                f"{build.folder or 'the repository'} renders to too much",
                cause=f"{size / _MIB:.0f} MiB, the limit is {self.limits.output / _MIB:.0f} MiB",
                fix="split the environment into several folders",
                location=Location(file=build.kustomization),
            ) from None
        return data


def _whole(text: str) -> str:
    return text


def _stopped(build: Build, cause: str) -> RenderError:
    return RenderError(
        f"{build.folder or 'the repository'} cannot be rendered",
        cause=cause,
        location=Location(file=build.kustomization),
    )
