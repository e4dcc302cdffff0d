"""HelmReleases with a chart in the repository, by `helm template`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_action.adapters.process import CommandLine, ProcessError, Runner
from gitops_action.adapters.renderer.kustomize import Limits, ScratchFolder, surroundings
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Manifest, ManifestError, read_manifests
from gitops_action.core.rendering import RenderError, Rendering
from gitops_action.core.rendering.helm_releases import HelmRelease, releases_in
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import RepositoryFile
from gitops_action.errors import GitOpsError, Location

_SOURCE = re.compile(rb"(?m)^# Source: [^/\n]+/(.+)$")
_VALUES = "values.json"
_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class NoHelm:
    """Why charts are not rendered here, and what to do about it."""

    cause: str
    fix: str


NOT_INSTALLED = NoHelm(cause="there is no helm on PATH", fix="install helm")
NOT_SEPARATE = NoHelm(
    cause="this job may hold secrets, and helm could read them: it would run as the same user",
    fix="use the container action, or a runner that allows user namespaces",
)


@dataclass(frozen=True, kw_only=True)
class ChartRenderer:
    """Renders releases into the scratch copy that a folder was rendered in."""

    helm: str | NoHelm
    runner: Runner
    limits: Limits
    scratch: ScratchFolder

    def render(
        self,
        manifests: Iterable[Manifest],
        files: Mapping[str, RepositoryFile],
        layout: RepositoryLayout,
    ) -> Rendering:
        """What the releases among the objects come to; the releases themselves stay objects."""
        try:
            releases = releases_in(manifests, files, layout)
        except (ManifestError, RenderError) as error:
            return Rendering(problems=(error,))
        if not releases:
            return Rendering()
        if isinstance(self.helm, NoHelm):
            left = tuple(_not_rendered(release, self.helm) for release in releases)
            return Rendering(unrendered=left)
        self.scratch.write(files, layout)
        found: list[Manifest] = []
        problems: list[GitOpsError] = []
        for release in releases:
            try:
                rendering = self._one(self.helm, release)
                found += rendering.manifests
                problems += rendering.problems
            except RenderError as error:
                problems.append(error)
        notes = tuple(note for release in releases for note in release.notes)
        return Rendering(manifests=tuple(found), problems=tuple(problems), notes=notes)

    def _one(self, helm: str, release: HelmRelease) -> Rendering:
        values = self.scratch.give(_VALUES, json.dumps(release.values).encode())
        namespace = [("--namespace", release.namespace)] if release.namespace else []
        command = CommandLine(
            program=helm,
            words=("template", "--include-crds", "--skip-tests", "--no-hooks"),
            values=(("--values", str(values)), *namespace),
            operands=(release.name, str(self.scratch.top / release.chart)),
        )
        output = self._run(command, release)
        if len(output) > self.limits.output:
            cause = f"{len(output) / _MIB:.0f} MiB, limit {self.limits.output / _MIB:.0f} MiB"
            raise _failed(release, cause)
        return _objects(output, release)

    def _run(self, command: CommandLine, release: HelmRelease) -> bytes:
        environ = surroundings(self.runner.environ, self.scratch.home, allow_remote=False)
        runner = replace(self.runner, environ=environ, timeout=self.limits.seconds)
        try:
            return runner.run(command, cwd=self.scratch.home).stdout
        except ProcessError as error:
            raise _failed(release, self.scratch.clean(error.cause)) from None


def _objects(output: bytes, release: HelmRelease) -> Rendering:
    """The objects that helm printed, each with the template it says it is from."""
    manifests: list[Manifest] = []
    problems: list[GitOpsError] = []
    for document in re.split(rb"(?m)^---[ \t]*$", output):
        source = _SOURCE.search(document)
        path = release.chart
        if source:
            path = f"{release.chart}/{source[1].decode(errors='replace').strip()}"
        parsed = read_manifests(path, document)
        place = Location(file=path)
        manifests += [
            replace(
                item, origin=place, deployer=release.manifest.id, cluster=release.manifest.cluster
            )
            for item in parsed.manifests
        ]
        problems += [
            RenderError(error.title, cause=error.cause, fix=error.fix, location=place)
            for error in parsed.problems
        ]
    return Rendering(manifests=tuple(manifests), problems=tuple(problems))


def _failed(release: HelmRelease, cause: str) -> RenderError:
    return RenderError(
        f"chart {release.chart} of {release.manifest.id} cannot be rendered",
        cause=cause,
        fix="fix the chart or the release's values",
        location=release.manifest.origin,
    )


def _not_rendered(release: HelmRelease, why: NoHelm) -> RenderError:
    return RenderError(
        f"{release.manifest.id}: its chart {release.chart} is not rendered",
        cause=why.cause,
        fix=why.fix,
        location=release.manifest.origin,
    )
