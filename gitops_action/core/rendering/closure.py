"""Which files a folder's render can depend on: rather too many than one too few."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.rendering.kustomization import PLUGIN_FIELDS, Text, texts_in
from gitops_action.core.rendering.layout import IGNORE_FILE, Layout, folder_of, name_of
from gitops_action.core.repository import SYMLINK, RepositoryFile, Tree

Read = Callable[[Iterable[str]], Mapping[str, RepositoryFile]]
"""Gives the content of these files of the tree; those it does not have are left out."""

CHART_FILE = "Chart.yaml"
_CHART_USER = b"HelmRelease"
_INLINE = re.compile(r"\n|: |^\s*[\[{]")
"""A text that may be a document of its own."""

_YAML = (".yaml", ".yml")


def closure(tree: Tree, folder: str, read: Read) -> frozenset[str]:
    """Every file that rendering `folder` can depend on.

    They are the folder's own files, and transitively every file and folder that any text of a
    kustomization leads to: a text that names a file by chance adds it, which costs nothing but
    time. Charts in the repository that HelmReleases among them name are taken in as well.
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
class _Words:
    """What a file names; `plugins` tells that further files may be read for the paths in them."""

    here: frozenset[str] = frozenset()
    top: frozenset[str] = frozenset()
    plugins: bool = False


@dataclass(kw_only=True)
class _Reached:
    """Files and folders that a walk has come to."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    plugins: bool = False


class Closures:
    """The closures of several folders of one tree."""

    def __init__(self, tree: Tree, read: Read) -> None:
        """Read where the tree's links lead, in one go."""
        self._read = read
        links = [path for path, file in tree.files.items() if file.mode == SYMLINK]
        found = read(links) if links else {}
        targets = {path: file.data.decode(errors="replace") for path, file in found.items()}
        self._layout = Layout(tree.files, targets)
        self._links = frozenset(links)
        self._charts = any(name_of(path) == CHART_FILE for path in tree.files)
        self._words: dict[str, _Words] = {}

    def of(self, folder: str) -> frozenset[str]:
        """Every file that rendering `folder` can depend on."""
        reached = self._walk(folder, plugins=False)
        if reached.plugins:  # what configures a plugin is any file: all of them may name others
            reached = self._walk(folder, plugins=True)
        return frozenset(reached.files | set(self._ignore_files(folder)))

    def _walk(self, folder: str, *, plugins: bool) -> _Reached:
        reached = _Reached(plugins=plugins)
        waiting = self._arrive(folder, reached)
        while waiting:
            speaking = [path for path in sorted(waiting) if self._speaks(path, plugins=plugins)]
            self._look(speaking)
            waiting = set()
            for path in speaking:
                words = self._words.get(path, _Words())
                reached.plugins |= words.plugins
                for word in words.here:
                    waiting |= self._follow(folder_of(path), word, reached)
                for word in words.top:
                    if self._is_chart(word):
                        waiting |= self._follow("", word, reached)
        return reached

    def _speaks(self, path: str, *, plugins: bool) -> bool:
        """Whether a file's own words can lead to others."""
        return is_kustomization(path) or ((plugins or self._charts) and path.endswith(_YAML))

    def _is_chart(self, word: str) -> bool:
        """Whether a HelmRelease's word leads to a chart or to a file, by the repository's top."""
        path = self._layout.follow("", word).path
        if not path:
            return False
        return self._layout.is_file(path) or self._layout.is_file(f"{path}/{CHART_FILE}")

    def _look(self, paths: Iterable[str]) -> None:
        """Read files that were not read before, all at once."""
        new = [path for path in paths if path not in self._words]
        for path, file in (self._read(new) if new else {}).items():
            self._words[path] = _words(path, file.data)

    def _follow(self, base: str, word: str, reached: _Reached) -> set[str]:
        way = self._layout.follow(base, word)
        reached.files.update(way.links)
        return set() if way.path is None else self._arrive(way.path, reached)

    def _arrive(self, path: str, reached: _Reached) -> set[str]:
        """Take in a file, or everything below a folder; gives the files that are new."""
        if self._layout.is_file(path):
            new = {path} - reached.files
        elif path in reached.folders:
            return set()
        else:
            reached.folders.add(path)
            below = self._layout.below(path)
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
            if self._layout.is_file(path):
                yield path


def _steers(path: str) -> bool:
    """Whether a file steers GitHub or us; what deploys the whole repository leaves it out."""
    return path.startswith(".github/")


def _words(path: str, data: bytes) -> _Words:
    texts = _texts(path, data)
    words = frozenset(_spoken(path, texts))
    return _Words(
        here=words,
        top=words if _CHART_USER in data else frozenset(),
        plugins=any(text.folded and text.folded[0] in PLUGIN_FIELDS for text in texts),
    )


def _texts(path: str, data: bytes) -> tuple[Text, ...]:
    try:
        return texts_in(path, data)
    except ManifestError:
        return ()  # nothing can be rendered of it either, and its own problem is told there


def _spoken(path: str, texts: Iterable[Text]) -> Iterator[str]:
    """Every text, those of inline documents too; of `name=path` the path as well."""
    for text in texts:
        inner = _texts(path, text.value.encode()) if _INLINE.search(text.value) else ()
        for word in (item.value for item in (text, *inner) if "\n" not in item.value):
            yield word
            yield word.partition("=")[2]
