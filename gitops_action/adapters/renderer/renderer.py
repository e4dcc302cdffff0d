"""Renders folders: kustomizations by the pinned kubectl, plain manifests as Flux collects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from gitops_action.adapters.process import Runner, SandboxFinder, no_sandbox
from gitops_action.adapters.renderer.batches import Batches, Buildable
from gitops_action.adapters.renderer.charts import NOT_INSTALLED, ChartRenderer, NoHelm
from gitops_action.adapters.renderer.kustomize import Build, Kubectl, Limits, ScratchFolder
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Manifest, ManifestError
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering import RenderError, Rendering
from gitops_action.core.rendering.additions import added_to, generated
from gitops_action.core.rendering.batch import build_key
from gitops_action.core.rendering.deployers import AS_WRITTEN, BuildSettings
from gitops_action.core.rendering.failures import diagnose
from gitops_action.core.rendering.graph import (
    Graph,
    inflation_plugins,
    kustomization_of,
    layout_of,
    local_charts,
    look_through,
    without_charts,
)
from gitops_action.core.rendering.helm_names import refuse_options
from gitops_action.core.rendering.layout import Ignore, RepositoryLayout, folder_of, ignore_files
from gitops_action.core.rendering.origins import Origins, located, told
from gitops_action.core.rendering.output import (
    CHART_FILE,
    Collected,
    OutputReader,
    SourceReader,
    collect,
    merge_manifests,
    read_plain_files,
)
from gitops_action.core.rendering.remote_bases import without_remote_bases
from gitops_action.core.repository import REGULAR, RepositoryFile
from gitops_action.errors import GitOpsError, GitOpsErrors, Location


@dataclass(kw_only=True)
class _Parts:
    """What the parts of a folder came to, and how the folder is built.

    `graphs` and `printed` are of kustomizations that were built together.
    """

    settings: BuildSettings = AS_WRITTEN
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    printed: Mapping[str, bytes] = field(default_factory=dict)
    manifests: list[Manifest] = field(default_factory=list)
    problems: list[GitOpsError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unrendered: list[GitOpsError] = field(default_factory=list)


class KustomizeRenderer:
    """The port `Renderer`, on `kubectl kustomize` and, where it is there, helm.

    It may be used by several threads at once.
    """

    def __init__(  # noqa: PLR0913 - programs, and what they are allowed
        self,
        program: str | None,
        runner: Runner,
        *,
        allow_remote: bool = False,
        helm: str | NoHelm = NOT_INSTALLED,
        limits: Limits | None = None,
        sandbox: SandboxFinder = no_sandbox,
    ) -> None:
        """Take the programs.

        Args:
            program: kubectl (see `find_kubectl`); None where there is none, and then only plain
                manifests can be rendered.
            runner: starts programs; of its environment nothing but proxies is passed on, and
                those only for remote bases.
            allow_remote: whether kustomizations may name what is outside of the repository.
            helm: helm (see `find_helm`), or why charts are not rendered, which the result says.
            limits: what a render may take.
            sandbox: finds what the programs run in, when the first one is started.
        """
        self._limits = limits or Limits()
        self._allow_remote = allow_remote
        self._helm = helm
        self._runner = replace(runner, sandbox=sandbox)
        self._program = program
        self._batches = Batches()
        self._reader = OutputReader()
        self._sources = SourceReader()

    def render(
        self,
        folder: str,
        files: Mapping[str, RepositoryFile],
        settings: BuildSettings = AS_WRITTEN,
    ) -> Rendering:
        """Render `folder` by the settings, given every file that it stands on."""
        layout = layout_of(files)
        parts = _Parts(settings=settings)
        with ScratchFolder(self._runner.sandbox) as scratch:
            self._parts(folder, files, layout, scratch, parts)
            manifests, doubles = merge_manifests(parts.manifests, separate=settings.separate)
            charts = ChartRenderer(
                helm=self._helm, runner=self._runner, limits=self._limits, scratch=scratch
            )
            rendered = charts.render(manifests, files, layout)
        manifests, more = merge_manifests(
            [*manifests, *rendered.manifests], separate=settings.separate
        )
        return Rendering(
            manifests=manifests,
            problems=(*parts.problems, *doubles, *rendered.problems, *more),
            notes=(*parts.notes, *rendered.notes),
            unrendered=(*parts.unrendered, *rendered.unrendered),
        )

    def _parts(
        self,
        folder: str,
        files: Mapping[str, RepositoryFile],
        layout: RepositoryLayout,
        scratch: ScratchFolder,
        parts: _Parts,
    ) -> None:
        settings = parts.settings
        found = kustomization_of(folder, layout)
        if found:
            files = self._with_additions(found[0], files, settings, parts)
            self._kustomize(folder, files, layout, scratch, parts)
            return
        if folder and layout.is_file(f"{folder}/{CHART_FILE}"):
            parts.unrendered.append(_own_chart(folder))
            return
        ignored = {path: files[path].data for path in ignore_files(files)}
        ignore = Ignore(ignored)
        parts.problems += ignore.problems
        collected = collect(folder, layout, ignore, lambda path: files[path].data, settings)
        parts.notes += _hidden(collected)
        parts.notes += [
            f"{chart}: a Helm chart is rendered for the release that names it, not by itself"
            for chart in (collected.charts if folder else ())
        ]
        if settings.kustomization and settings.generated:
            path = f"{folder}/kustomization.yaml" if folder else "kustomization.yaml"
            made = generated(folder, collected, settings)
            files = {**files, path: RepositoryFile(path=path, data=made, mode=REGULAR)}
            self._kustomize(folder, files, layout_of(files), scratch, parts)
            return
        plain = read_plain_files(collected.files, files, layout, lenient=not folder)
        parts.manifests += _in_clusters(plain.manifests, settings)
        parts.problems += plain.problems
        parts.notes += plain.notes
        parts.graphs = {item: self._graph(item, files, layout) for item in collected.kustomizations}
        parts.printed = self._build_together(parts.graphs, files, layout, scratch)
        for item in collected.kustomizations:
            before = len(parts.manifests)
            self._kustomize(item, files, layout, scratch, parts)
            if settings.separate:
                built = parts.manifests[before:]
                parts.manifests[before:] = [replace(one, cluster=item) for one in built]

    def _with_additions(
        self,
        path: str,
        files: Mapping[str, RepositoryFile],
        settings: BuildSettings,
        parts: _Parts,
    ) -> Mapping[str, RepositoryFile]:
        """The files with what a controller writes into the folder's kustomization."""
        if not settings.kustomization or path not in files:
            return files
        try:
            data = added_to(path, files[path].data, settings)
        except ManifestError as error:
            parts.problems.append(error)
            return files
        return {**files, path: RepositoryFile(path=path, data=data, mode=REGULAR)}

    def _kustomize(
        self,
        folder: str,
        files: Mapping[str, RepositoryFile],
        layout: RepositoryLayout,
        scratch: ScratchFolder,
        parts: _Parts,
    ) -> None:
        graph = parts.graphs.get(folder) or self._graph(folder, files, layout)
        if graph.problems:
            parts.problems += graph.problems
            self._without_remote_bases(folder, graph, files, scratch, parts)
            return
        printed = parts.printed.get(folder)
        try:
            if printed is None:
                scratch.write(files, layout)
                parts.unrendered += self._prepare_charts(graph, files, layout, scratch)
            parts.manifests += self._build(folder, graph, files, scratch, printed)
        except GitOpsErrors as errors:
            parts.problems += errors.errors
        except GitOpsError as error:
            parts.problems += diagnose(error, graph, files)

    def _without_remote_bases(
        self,
        folder: str,
        graph: Graph,
        files: Mapping[str, RepositoryFile],
        scratch: ScratchFolder,
        parts: _Parts,
    ) -> None:
        """What can be rendered beside remote bases that are not followed."""
        layout = layout_of(files)
        for changed in without_remote_bases(graph, files, layout):
            scratch.write(files, layout)
            now = {**files, **changed}
            try:
                for path, file in changed.items():
                    scratch.replace(path, file.data)
                parts.unrendered += self._prepare_charts(graph, now, layout, scratch)
                parts.manifests += self._build(folder, graph, now, scratch, None)
            except GitOpsError:
                continue  # the next way leaves out more; the remote base itself is reported
            finally:
                own = {item.path: files[item.path] for item in graph.kustomizations}
                scratch.restore(own, layout)
            return

    def _graph(
        self, folder: str, files: Mapping[str, RepositoryFile], layout: RepositoryLayout
    ) -> Graph:
        return look_through(folder, files, layout, allow_remote=self._allow_remote)

    def _build_together(
        self,
        graphs: Mapping[str, Graph],
        files: Mapping[str, RepositoryFile],
        layout: RepositoryLayout,
        scratch: ScratchFolder,
    ) -> Mapping[str, bytes]:
        """What is printed of those folders that can share a run."""
        if self._program is None:
            return {}
        builds = [
            Buildable(key=key, graph=graph)
            for folder, graph in graphs.items()
            if not graph.problems and (key := build_key(folder, graph, files, layout))
        ]
        if len(builds) < 2:  # noqa: PLR2004 - one alone saves nothing
            return {}
        return self._batches.build(builds, self._kubectl(self._program), scratch, layout)

    def _build(
        self,
        folder: str,
        graph: Graph,
        files: Mapping[str, RepositoryFile],
        scratch: ScratchFolder,
        printed: bytes | None,
    ) -> tuple[Manifest, ...]:
        build = Build(
            folder=folder,
            kustomization=graph.kustomizations[0].path,
            outside=bool(graph.outside),
            charts=any(
                item.charts or inflation_plugins(item, files) for item in graph.kustomizations
            ),
        )
        origins = Origins(graph, lambda path: self._sources.read(files[path]))
        manifests, whole = located(self._read(build, scratch, printed), origins)
        if whole:
            return manifests
        scratch.write(files, layout_of(files))
        return tuple(told(self._read(replace(build, origins=True), scratch), origins))

    def _read(
        self, build: Build, scratch: ScratchFolder, printed: bytes | None = None
    ) -> tuple[Manifest, ...]:
        place = Location(file=build.kustomization)
        if self._program is None:
            raise RenderError(
                "there is no kubectl to render kustomizations with",
                fix="install gitops-action with its dependencies, or put kubectl on PATH",
                location=place,
            )
        output, ours = printed, False
        if output is None:
            output, ours = self._kubectl(self._program).build(scratch, build)
        try:
            return self._reader.read(build.folder, output, strip=ours)
        except ManifestError as error:
            raise RenderError(
                error.title, cause=error.cause, fix=error.fix, location=place
            ) from None

    def _kubectl(self, program: str) -> Kubectl:
        return Kubectl(
            program=program,
            runner=self._runner,
            limits=self._limits,
            allow_remote=self._allow_remote,
            helm=self._helm if isinstance(self._helm, str) else None,
        )

    def _prepare_charts(
        self,
        graph: Graph,
        files: Mapping[str, RepositoryFile],
        layout: RepositoryLayout,
        scratch: ScratchFolder,
    ) -> Iterator[GitOpsError]:
        """Leave out charts that cannot be rendered here, and give a reason for each.

        Raises:
            GitOpsErrors: a chart would have to be fetched, or starts Helm in a way of its own.
        """
        asking = [
            (item, plugins)
            for item in graph.kustomizations
            if (plugins := inflation_plugins(item, files)) or item.charts
        ]
        if isinstance(self._helm, str):
            if asking:
                refuse_options(graph)
            for kustomization, _ in () if self._allow_remote else asking:
                local_charts(kustomization, layout)
            return
        for kustomization, plugins in asking:
            documents = read_documents(kustomization.path, files[kustomization.path].data)
            body = documents[0].value if documents else {}
            kept = without_charts(body if isinstance(body, dict) else {}, plugins)
            scratch.replace(kustomization.path, kept)
            lines = (Location(file=kustomization.path, line=plugin.line) for plugin in plugins)
            yield RenderError(
                "Helm charts of a kustomization are not rendered",
                cause=self._helm.cause,
                fix=self._helm.fix,
                location=(*kustomization.charts, *lines)[0],
            )


def _in_clusters(manifests: Iterable[Manifest], settings: BuildSettings) -> Iterator[Manifest]:
    """Objects of plain files; those of each folder are taken for a cluster's where that is open."""
    for manifest in manifests:
        if settings.separate and manifest.origin:
            yield replace(manifest, cluster=folder_of(manifest.origin.file))
        else:
            yield manifest


def _own_chart(folder: str) -> RenderError:
    """The whole folder is a chart: its values and templates are no objects."""
    return RenderError(
        f"{folder} is a Helm chart and is not rendered by itself",
        cause="a chart is rendered for the release that names it",
        fix="name the folder of the HelmRelease or the Argo CD Application that installs it",
        location=Location(file=f"{folder}/{CHART_FILE}"),
    )


def _hidden(collected: Collected) -> list[str]:
    if not collected.hidden:
        return []
    first, more = collected.hidden[0], len(collected.hidden) - 1
    others = f" and {more} more" if more else ""
    return [f"{first}{others}: hidden files are left out; Flux would take them in"]
