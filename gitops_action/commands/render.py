"""What environments come to, on one side of a change or on both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import field
from typing import Self

from gitops_action.commands.ports import Files, Renderer
from gitops_action.core.config import Config, Environment, resolve_folders
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Manifest, content_hash
from gitops_action.core.rendering import Closures, Rendering, closure_hash
from gitops_action.core.repository import RepositoryFile, Tree
from gitops_action.errors import GitOpsError

AT_ONCE = 2
"""How many folders are rendered at a time: a runner has two processors, or a few."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentRendering:
    """What one environment comes to at one commit.

    Attributes:
        environment: which one.
        manifests: its objects, folder by folder; an object that two of its folders hold is in it
            twice.
        problems: what could not be rendered; with one of them `manifests` is not the whole.
        notes: what a person should know.
        files: every file of the commit that it stands on.
        hash: `content_hash` of the manifests.
    """

    environment: Environment
    manifests: tuple[Manifest, ...] = ()
    problems: tuple[GitOpsError, ...] = ()
    notes: tuple[str, ...] = ()
    files: frozenset[str] = frozenset()
    hash: str = ""


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


def render_environment(
    environment: Environment, config: Config, tree: Tree, trees: Files, renderer: Renderer
) -> EnvironmentRendering:
    """Render one environment at one commit, two folders at a time."""
    states = environment_folders(environment, config, tree, closures_of(tree, trees))
    with FolderRenders(trees, renderer) as renders:
        renders.start(tree, states)
        return renders.environment(environment, states)


def closures_of(tree: Tree, trees: Files) -> Closures:
    """What the folders of a tree stand on."""

    def read(paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        return trees.read(tree, paths)

    return Closures(tree, read)


def environment_folders(
    environment: Environment, config: Config, tree: Tree, closures: Closures
) -> tuple[FolderState, ...]:
    """The folders of an environment that a tree has, each with every file it stands on."""
    states = []
    for folder in resolve_folders(environment, config, tree.files):
        files = closures.of(folder.path)
        states.append(FolderState(path=folder.path, hash=closure_hash(tree, files), files=files))
    return tuple(states)


class FolderRenders:
    """Folders under way, each rendered once however many ask for it."""

    def __init__(self, trees: Files, renderer: Renderer) -> None:
        """Start the threads; each waits for a process of its own."""
        self._trees = trees
        self._renderer = renderer
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="render")
        self._renders: dict[FolderState, Future[Rendering]] = {}

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *details: object) -> None:
        """Start nothing more, and wait for what is under way."""
        self._pool.shutdown(cancel_futures=True)

    def start(self, tree: Tree, states: Iterable[FolderState]) -> None:
        """Read what the folders stand on, and have them rendered.

        The files are read here, on the caller's thread: what reads Git need not bear two.
        """
        new = [state for state in states if state not in self._renders]
        wanted = sorted({path for state in new for path in state.files})
        files = self._trees.read(tree, wanted) if wanted else {}
        for state in new:
            own = {path: files[path] for path in state.files if path in files}
            self._renders[state] = self._pool.submit(self._renderer.render, state.path, own)

    def environment(
        self, environment: Environment, states: Sequence[FolderState]
    ) -> EnvironmentRendering:
        """What the folders come to together; they have to be started."""
        renderings = [self._renders[state].result() for state in states]
        manifests = tuple(item for rendering in renderings for item in rendering.manifests)
        return EnvironmentRendering(
            environment=environment,
            manifests=manifests,
            problems=tuple(item for rendering in renderings for item in rendering.problems),
            notes=tuple(dict.fromkeys(_notes(renderings))),
            files=frozenset(path for state in states for path in state.files),
            hash=content_hash(manifests),
        )


def _notes(renderings: Iterable[Rendering]) -> Iterator[str]:
    for rendering in renderings:
        yield from rendering.notes
