"""What environments come to, on one side of a change or on both."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import field, replace
from functools import cache
from typing import Self

from gitops_action.commands.ports import Files, Renderer
from gitops_action.core.config import (
    Application,
    Config,
    Environment,
    resolve_folders,
    single_folder,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.payload import FolderLookup, applications_of, no_folders
from gitops_action.core.manifests import Manifest, content_hash
from gitops_action.core.rendering import Closures, Rendering, closure_hash, deployers
from gitops_action.core.rendering.additions import applied
from gitops_action.core.rendering.follow import left_out_notes
from gitops_action.core.rendering.variables import Variables, variables_of
from gitops_action.core.repository import RepositoryFile, Snapshot, Tree
from gitops_action.errors import GitOpsError

AT_ONCE = 2
"""How many folders are rendered at a time: a runner has two processors, or a few."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentRendering:
    """What one environment comes to at one commit.

    Attributes:
        environment: which one.
        manifests: its objects, folder by folder, and those that controllers deploy on behalf of
            them; an object that two of its folders hold is in it twice.
        problems: what could not be rendered; with one of them `manifests` is not the whole.
        notes: what a person should know.
        unrendered: charts that are missing from `manifests`, because there is no helm here.
        files: every file of the commit that it depends on.
        hash: `content_hash` of the manifests.
        folders: the applications in whose folders images are described, looked up when asked for.
    """

    environment: Environment
    manifests: tuple[Manifest, ...] = ()
    problems: tuple[GitOpsError, ...] = ()
    notes: tuple[str, ...] = ()
    unrendered: tuple[GitOpsError, ...] = ()
    files: frozenset[str] = frozenset()
    hash: str = ""
    folders: FolderLookup = field(default=no_folders, compare=False)

    def applications(self, declared: Sequence[Application]) -> Mapping[str, tuple[str, ...]]:
        """Each application's images, digests included; `declared` are the configuration's."""
        return applications_of(self.manifests, declared, self.folders)

    @property
    def applied(self) -> tuple[Manifest, ...]:
        """The objects that the environment's own deployment applies: no controller does."""
        return tuple(item for item in self.manifests if item.deployer is None)


@dataclass(frozen=True, kw_only=True)
class RenderedPair:
    """Both sides of an environment that a change touches."""

    environment: Environment
    before: EnvironmentRendering
    after: EnvironmentRendering


@dataclass(frozen=True, kw_only=True)
class FolderState:
    """A folder at a commit by name and content: where two are equal, the same is rendered."""

    path: str
    hash: str
    files: frozenset[str] = field(compare=False)
    settings: deployers.BuildSettings = deployers.AS_WRITTEN


@dataclass(frozen=True, kw_only=True)
class EnvironmentScope:
    """An environment at one commit: its folders, and what shows where they lead."""

    environment: Environment
    config: Config
    tree: Tree
    closures: Closures
    folders: tuple[FolderState, ...]

    @property
    def files(self) -> frozenset[str]:
        """Every file that it can depend on."""
        return frozenset(path for state in self.folders for path in state.files)


def render_environment(  # noqa: PLR0913 - what rendering takes
    environment: Environment,
    config: Config,
    tree: Tree,
    trees: Files,
    renderer: Renderer,
    *,
    repository: str = "",
    branch: str = "",
) -> EnvironmentRendering:
    """Render one environment at one commit, two folders at a time."""
    closures = closures_of(tree, trees, repository=repository, branch=branch)
    scope = scope_of(environment, config, tree, closures)
    with FolderRenders(trees, renderer) as renders:
        renders.start(scope)
        return renders.environment(scope)


def closures_of(tree: Tree, trees: Files, *, repository: str = "", branch: str = "") -> Closures:
    """What the folders of a tree depend on."""

    def read(paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        return trees.read(tree, paths)

    return Closures(tree, read, repository=repository, branch=branch)


def scope_of(
    environment: Environment, config: Config, tree: Tree, closures: Closures
) -> EnvironmentScope:
    """The folders of an environment that a tree has, each with every file it depends on."""
    paths = [folder.path for folder in resolve_folders(environment, config, tree.files)]
    if len(paths) > 1:
        closures.of_all(paths)  # so that what all folders need is read at once
    files = {path: closures.of(path) for path in paths}
    claimed = closures.claimed(paths)
    states = []
    for path in paths:
        settings = deployers.BuildSettings(
            claimed=frozenset(one for one in claimed if _is_below(one, path)),
            separate=not config.declared,
        )
        digest = closure_hash(tree, files[path])
        states.append(FolderState(path=path, hash=digest, files=files[path], settings=settings))
    return EnvironmentScope(
        environment=environment,
        config=config,
        tree=tree,
        closures=closures,
        folders=tuple(states),
    )


class FolderRenders:
    """Folders that are being rendered, each once however many ask for it."""

    def __init__(self, trees: Files, renderer: Renderer) -> None:
        """Start the threads; each waits for a process of its own."""
        self._trees = trees
        self._renderer = renderer
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="render")
        self._renders: dict[FolderState, Future[Rendering]] = {}
        self._discovered: dict[object, Mapping[str, tuple[str | None, ...]]] = {}

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *details: object) -> None:
        """Start nothing more, and wait for what is being rendered."""
        self._pool.shutdown(cancel_futures=True)

    def start(self, scope: EnvironmentScope) -> None:
        """Start rendering an environment's own folders."""
        self._start(scope.tree, scope.folders)

    def environment(self, scope: EnvironmentScope) -> EnvironmentRendering:
        """What the folders come to, and what controllers build on behalf of their objects."""
        walk = _FollowWalk(scope)
        for state in scope.folders:
            walk.add(self._renders[state].result())
        while batch := walk.next_batch():
            states = [state for state, _ in batch]
            self._start(scope.tree, states)
            for state, due in batch:
                walk.add_build(due, self._renders[state].result())
        return replace(walk.rendering(), folders=self._folder_lookup(scope))

    def _folder_lookup(self, scope: EnvironmentScope) -> FolderLookup:
        """Looks at files when it is first asked, and only where their names are not enough."""

        @cache
        def single() -> tuple[str | None] | None:
            return single_folder(scope.files, scope.environment, scope.config)

        def lookup(repository: str) -> tuple[str | None, ...]:
            return single() or self._discover(scope).get(repository, ())

        return lookup

    def _discover(self, scope: EnvironmentScope) -> Mapping[str, tuple[str | None, ...]]:
        """Once for equal files; what does not parse names no application."""
        from gitops_action.core.discovery import (  # noqa: PLC0415 - only where names are not enough
            ImageDiscovery,
            Source,
            application_folders,
        )

        key = scope.environment.name, scope.config.applications, scope.folders
        if key not in self._discovered:
            files = self._trees.read(scope.tree, sorted(scope.files))
            source = Source(
                snapshot=Snapshot(commit=scope.tree.commit, files=files),
                repository=scope.closures.follower.repository,
            )
            found = ImageDiscovery(source).discovered(scope.environment)
            folders = application_folders(found, scope.environment, scope.config)
            self._discovered[key] = folders
        return self._discovered[key]

    def _start(self, tree: Tree, states: Iterable[FolderState]) -> None:
        """Read what the folders depend on, and have them rendered.

        The files are read here, on the caller's thread: what reads Git need not bear two.
        """
        new = [state for state in states if state not in self._renders]
        needed = sorted({path for state in new for path in state.files})
        files = self._trees.read(tree, needed) if needed else {}
        for state in new:
            own = {path: files[path] for path in state.files if path in files}
            self._renders[state] = self._pool.submit(
                self._renderer.render, state.path, own, state.settings
            )


@dataclass(frozen=True, kw_only=True)
class _Due:
    """A folder that a controller builds, and the cluster of the object that says so."""

    build: deployers.FolderBuild
    cluster: str

    @property
    def variables(self) -> Mapping[str, object]:
        """Its `postBuild`."""
        found: Mapping[str, object] = json.loads(self.build.settings.variables or "{}")
        return found

    @property
    def key(self) -> tuple[str, ...]:
        """Equal where the same would be applied to the same cluster."""
        build = self.build
        return (self.cluster, build.cluster, build.path, str(build.settings), build.namespace)


class _FollowWalk:
    """From an environment's own objects to those that controllers deploy on behalf of them."""

    def __init__(self, scope: EnvironmentScope) -> None:
        self._scope = scope
        self._follower = scope.closures.follower
        self._manifests: list[Manifest] = []
        self._new: list[Manifest] = []
        self._problems: list[GitOpsError] = []
        self._unrendered: list[GitOpsError] = []
        self._notes: dict[str, None] = {}
        self._left_out: list[deployers.NotFollowed] = []
        self._seen: set[tuple[str, ...]] = set()
        self._due: list[_Due] = []
        self._unknown: dict[str, list[str]] = {}

    def add(self, rendering: Rendering) -> None:
        """Take in what a folder came to."""
        self._manifests += rendering.manifests
        self._new += rendering.manifests
        self._problems += rendering.problems
        self._notes.update(dict.fromkeys((*rendering.notes, *_left_out_charts(rendering))))
        self._unrendered += rendering.unrendered

    def add_build(self, due: _Due, rendering: Rendering) -> None:
        """Take in what a controller makes of a folder."""
        variables = self._variables(due)
        for source in variables.unknown:
            self._unknown.setdefault(source, []).append(str(due.build.deployer))
        manifests = applied(rendering.manifests, due.build, variables, cluster=due.cluster)
        self.add(replace(rendering, manifests=manifests))

    def next_batch(self) -> Sequence[tuple[FolderState, _Due]]:
        """The folders to render next; empty at the end.

        One whose variables come from a ConfigMap that was not seen yet waits for the others.
        """
        self._follow()
        waiting = [due for due in self._due if self._variables(due).missing]
        ready = [due for due in self._due if due not in waiting] or waiting
        self._due = [due for due in self._due if due not in ready]
        return [(self._state(due.build), due) for due in ready]

    def rendering(self) -> EnvironmentRendering:
        """Everything together."""
        manifests = tuple(_once(self._manifests))
        files = self._scope.files
        return EnvironmentRendering(
            environment=self._scope.environment,
            manifests=manifests,
            problems=tuple(self._problems),
            notes=(*self._notes, *left_out_notes(self._left_out), *self._unknown_notes()),
            unrendered=tuple(self._unrendered),
            files=files,
            hash=content_hash(manifests),
        )

    def _follow(self) -> None:
        self._follower.learn(self._new)
        by_cluster: dict[str, list[Manifest]] = {}
        for manifest in self._new:
            by_cluster.setdefault(manifest.cluster, []).append(manifest)
        self._new = []
        for cluster, manifests in by_cluster.items():
            followed = self._follower.follow(manifests)
            self._left_out += followed.left_out
            self._problems += followed.problems
            for build in followed.builds:
                due = _Due(build=build, cluster=cluster)
                if due.key not in self._seen:
                    self._seen.add(due.key)
                    self._due.append(due)

    def _state(self, build: deployers.FolderBuild) -> FolderState:
        closures = self._scope.closures
        files = closures.of_all((build.path, *build.components))
        return FolderState(
            path=build.path,
            hash=closure_hash(self._scope.tree, files),
            files=files,
            settings=replace(build.settings, variables="", labels="", annotations=""),
        )

    def _variables(self, due: _Due) -> Variables:
        config_maps = {
            item.id: item
            for item in self._manifests
            if item.id.kind == "ConfigMap" and item.cluster == due.cluster
        }
        return variables_of(due.variables, due.build.deployer.namespace, config_maps)

    def _unknown_notes(self) -> Iterator[str]:
        for source, named in self._unknown.items():
            names = list(dict.fromkeys(named))
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield (
                f"{names[0]}{more}: variables of {source} are not known here: values that they are"
                " part of are not checked"
            )


def _once(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """The objects without those that several ways lead to: the same lines, read as the same."""
    seen: dict[tuple[object, ...], Manifest] = {}
    for manifest in manifests:
        key = (manifest.id, manifest.cluster, manifest.origin)
        first = seen.setdefault(key, manifest)
        if first is manifest or manifest.origin is None or first.body != manifest.body:
            yield manifest


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _left_out_charts(rendering: Rendering) -> Iterator[str]:
    for error in rendering.unrendered:
        place = f"{error.location}: " if error.location else ""
        yield f"{place}{error.title}: {error.cause}"
