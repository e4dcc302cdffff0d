"""Which files a folder's render can depend on: rather too many than one too few."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache

from gitops_action.core.dataclass import dataclass
from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.manifests import Manifest
from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.rendering.deployers import DEPLOYER_BYTES
from gitops_action.core.rendering.follow import Follower, deployers_in
from gitops_action.core.rendering.kustomization import PLUGIN_FIELDS, Text, texts_in
from gitops_action.core.rendering.layout import IGNORE_FILE, RepositoryLayout, folder_of, name_of
from gitops_action.core.repository import GITHUB_FOLDER, SYMLINK, RepositoryFile, Tree

Read = Callable[[Iterable[str]], Mapping[str, RepositoryFile]]
"""Gives the content of these files of the tree; those it does not have are left out."""

CHART_FILE = "Chart.yaml"
_CHART_USERS = (b"HelmRelease", b"argoproj.io")
_PATH_PATCH = b"/spec/path"
_INLINE = re.compile(r"\n|: |^\s*[\[{]")
"""A text that may be a document of its own."""

_YAML = (".yaml", ".yml")


def closure(tree: Tree, folder: str, read: Read) -> frozenset[str]:
    """Every file that rendering `folder` can depend on.

    They are the folder's own files, and transitively every file and folder that any text of a
    kustomization leads to: a text that names a file by chance adds it, which costs nothing but
    time. Charts in the repository that HelmReleases among them name are taken in as well, and the
    folders of this repository that Flux and Argo CD build on behalf of their objects.
    """
    return Closures(tree, read).of(folder)


def closure_hash(tree: Tree, paths: Iterable[str]) -> str:
    """A hash of names, modes and contents: where it is equal, the same is rendered."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        file = tree.files[path]
        digest.update(f"{file.mode} {file.blob} {path}\0".encode(errors="surrogateescape"))
    return f"sha256:{digest.hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class _TextOf:
    """What a file names.

    Attributes:
        here: texts that may be paths from the file's folder.
        top: texts that may be charts or files, from the repository's top.
        folders: texts that may be folders, from the repository's top: patches of what a
            controller builds.
        deployers: objects that make a controller build a folder, and their sources.
        plugins: further files may be read for the paths in them.
    """

    here: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    deployers: tuple[Manifest, ...] = ()
    plugins: bool = False


@dataclass(kw_only=True)
class _Reached:
    """Files and folders that a walk has come to."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    deployers: list[Manifest] = field(default_factory=list)
    plugins: bool = False


class Closures:
    """The closures of several folders of one tree."""

    def __init__(self, tree: Tree, read: Read, *, repository: str = "", branch: str = "") -> None:
        """Read where the tree's links lead, in one go.

        `repository` (OWNER/NAME) and `branch` decide which sources of Flux and Argo CD are this
        repository; they are empty where nobody knows.
        """
        self._read = read
        links = [path for path, file in tree.files.items() if file.mode == SYMLINK]
        found = read(links) if links else {}
        targets = {path: file.data.decode(errors="replace") for path, file in found.items()}
        self.layout = RepositoryLayout(tree.files, targets)
        self.follower = Follower(layout=self.layout, repository=repository, branch=branch)
        self._links = frozenset(links)
        self._charts = any(name_of(path) == CHART_FILE for path in tree.files)
        self._words: dict[tuple[str, bool], _TextOf] = {}

    def of(self, folder: str) -> frozenset[str]:
        """Every file that rendering `folder`, and what is followed from it, can depend on."""
        return self.of_all((folder,))

    def of_all(self, folders: Iterable[str]) -> frozenset[str]:
        """The same for several folders at once."""
        starts = tuple(folders)
        reached = self._walk(starts, plugins=False)
        if reached.plugins:  # what configures a plugin is any file: all of them may name others
            reached = self._walk(starts, plugins=True)
        ignored = (path for folder in reached.folders for path in self._ignore_files(folder))
        return frozenset(reached.files.union(ignored))

    def claimed(self, folders: Iterable[str]) -> frozenset[str]:
        """The folders that controllers build on behalf of objects in files of these folders.

        `of` was asked about them before, so that their files are known.
        """
        found = [
            manifest
            for folder in folders
            for path in self.layout.below(folder)
            if not (not folder and _steers(path))
            for manifest in self._words.get((path, False), _TextOf()).deployers
        ]
        self.follower.learn(found)
        return frozenset(build.path for build in self.follower.follow(found).builds)

    def _walk(self, folders: Iterable[str], *, plugins: bool) -> _Reached:
        reached = _Reached(plugins=plugins)
        waiting: set[str] = set()
        for folder in folders:
            waiting |= self._arrive(folder, reached)
        while waiting:
            self._spread(waiting, reached, plugins=plugins)
            waiting = self._built(reached)
        return reached

    def _spread(self, waiting: set[str], reached: _Reached, *, plugins: bool) -> None:
        """Go on until no file names one that is new."""
        while waiting:
            speaking = [path for path in sorted(waiting) if self._speaks(path)]
            self._look(speaking, every=plugins)
            waiting = set()
            for path in speaking:
                words = self._words.get((path, plugins), _TextOf())
                reached.plugins |= words.plugins
                reached.deployers += words.deployers
                waiting |= self._named(path, words, reached, plugins=plugins)

    def _named(self, path: str, words: _TextOf, reached: _Reached, *, plugins: bool) -> set[str]:
        """What the words of a file lead to that is new."""
        new: set[str] = set()
        if is_kustomization(path) or plugins:
            for word in words.here:
                new |= self._follow(folder_of(path), word, reached)
        for word in words.top:
            if self._is_chart(word):
                new |= self._follow("", word, reached)
        for word in words.folders:
            way = self.layout.follow("", word)
            if way.path and self.layout.is_folder(way.path):
                new |= self._follow("", word, reached)
        return new

    def _built(self, reached: _Reached) -> set[str]:
        """What controllers build on behalf of the objects so far that is new."""
        self.follower.learn(reached.deployers)
        new: set[str] = set()
        for build in self.follower.follow(reached.deployers).builds:
            for path in (build.path, *build.components):
                new |= self._arrive(path, reached)
        reached.deployers.clear()
        return new

    def _speaks(self, path: str) -> bool:
        """Whether a file's own words, or its objects, can lead to others."""
        return is_kustomization(path) or path.endswith(_YAML)

    def _is_chart(self, word: str) -> bool:
        """Whether a HelmRelease's word leads to a chart or to a file, by the repository's top."""
        path = self.layout.follow("", word).path
        if not path:
            return False
        return self.layout.is_file(path) or self.layout.is_file(f"{path}/{CHART_FILE}")

    def _look(self, paths: Iterable[str], *, every: bool) -> None:
        """Read files that were not read before, all at once."""
        new = [path for path in paths if (path, every) not in self._words]
        for path, file in (self._read(new) if new else {}).items():
            self._words[path, every] = _words(path, file.data, every=every, charts=self._charts)

    def _follow(self, base: str, word: str, reached: _Reached) -> set[str]:
        way = self.layout.follow(base, word)
        reached.files.update(way.links)
        return set() if way.path is None else self._arrive(way.path, reached)

    def _arrive(self, path: str, reached: _Reached) -> set[str]:
        """Take in a file, or everything below a folder; gives the files that are new."""
        if self.layout.is_file(path):
            new = {path} - reached.files
        elif path in reached.folders:
            return set()
        else:
            reached.folders.add(path)
            below = self.layout.below(path)
            new = {name for name in below if path or not _steers(name)} - reached.files
        reached.files |= new
        for link in sorted(new & self._links):
            new |= self._follow(folder_of(link), name_of(link), reached)
        return new

    def _ignore_files(self, folder: str) -> Iterator[str]:
        """The `.sourceignore` files of the folders above."""
        parts = folder.split("/") if folder else []
        for count in range(len(parts)):
            path = "/".join([*parts[:count], IGNORE_FILE])
            if self.layout.is_file(path):
                yield path


def _steers(path: str) -> bool:
    """Whether a file steers GitHub or us; what deploys the whole repository leaves it out."""
    return path.startswith(GITHUB_FOLDER)


def _words(path: str, data: bytes, *, every: bool, charts: bool) -> _TextOf:
    """What a file names.

    `every`: the words of files that are no kustomizations count too. `charts`: there are charts
    that an object may name.
    """
    deploys = any(mark in data for mark in DEPLOYER_BYTES)
    patches = _PATH_PATCH in data or (deploys and is_kustomization(path))
    uses = charts and any(mark in data for mark in _CHART_USERS)
    if not (every or deploys or patches or uses or is_kustomization(path)):
        return _TextOf()
    return _read_words(path, data, patches)


@lru_cache(maxsize=16384)
def _read_words(path: str, data: bytes, patches: bool) -> _TextOf:  # noqa: FBT001 - a cache's key
    """Both sides of a change hold nearly the same files: each is read once."""
    texts = _texts(path, data)
    words = frozenset(_spoken(path, texts))
    file = RepositoryFile(path=path, data=data)
    return _TextOf(
        here=words,
        top=words if any(mark in data for mark in _CHART_USERS) else frozenset(),
        folders=words if patches else frozenset(),
        deployers=deployers_in({path: file}),
        plugins=any(text.folded and text.folded[0] in PLUGIN_FIELDS for text in texts)
        and is_kustomization(path),
    )


def _texts(path: str, data: bytes) -> tuple[Text, ...]:
    try:
        return texts_in(path, data)
    except ManifestError:
        return ()  # nothing can be rendered of it either, and its own problem is reported there


def _spoken(path: str, texts: Iterable[Text]) -> Iterator[str]:
    """Every text, those of inline documents too; of `name=path` the path as well."""
    for text in texts:
        inner = _texts(path, text.value.encode()) if _INLINE.search(text.value) else ()
        for word in (item.value for item in (text, *inner) if "\n" not in item.value):
            yield word
            yield word.partition("=")[2]
            if word.startswith("$"):  # `$source/values.yaml` of an Argo CD Application
                yield word.partition("/")[2]
