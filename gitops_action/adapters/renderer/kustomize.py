"""`kubectl kustomize` of one folder of a scratch copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gitops_action.adapters.process import ProcessError, Runner
from gitops_action.adapters.renderer.programs import Limits, surroundings
from gitops_action.adapters.renderer.scratch import Scratch
from gitops_action.core.rendering import RenderError
from gitops_action.core.rendering.messages import kustomize_error
from gitops_action.core.rendering.top import with_origins
from gitops_action.errors import Location

_OUTPUT = "output.yaml"
_MIB = 1024 * 1024


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


def without_charts(body: Mapping[str, object]) -> bytes:
    """A kustomization without its Helm charts, for where there is no helm to render them."""
    asks = ("helmcharts", "helmchartinflationgenerator", "helmglobals")
    kept = {key: item for key, item in body.items() if key.casefold() not in asks}
    return json.dumps(kept, ensure_ascii=False).encode()


def _whole(text: str) -> str:
    return text


def _stopped(build: Build, cause: str) -> RenderError:
    return RenderError(
        f"{build.folder or 'the repository'} cannot be rendered",
        cause=cause,
        location=Location(file=build.kustomization),
    )
