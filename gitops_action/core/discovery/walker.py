"""A symbolic kustomize: it builds no manifests, only what becomes of each image and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.errors import KustomizeCycleError
from gitops_action.core.discovery.kinds import helm
from gitops_action.core.discovery.kinds.kustomize import image_entries, patched_images, target_of
from gitops_action.core.discovery.live import Layer, Live
from gitops_action.core.discovery.patches import apply_patch
from gitops_action.core.discovery.scan import Scanner
from gitops_action.core.discovery.source import Source, folder_of
from gitops_action.core.discovery.tree import tree_of
from gitops_action.core.discovery.transform import apply_entries
from gitops_action.errors import GitOpsError

_REMOTE = ("://", "git@", "github.com/", "gitlab.com/", "bitbucket.org/", "?ref=", "git::")


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a folder or file comes to.

    Attributes:
        lives: its images.
        files: every file of the repository it stands on, read or not.
        whole: whether all of it was read: no remote base, generator or file that was left out.
    """

    lives: tuple[Live, ...] = ()
    files: frozenset[str] = frozenset()
    whole: bool = True


@dataclass(kw_only=True)
class _Growing:
    """A kustomization under way."""

    path: str
    top: Cursor
    stack: tuple[str, ...]
    lives: tuple[Live, ...]
    files: set[str]
    whole: bool = True

    @property
    def folder(self) -> str:
        """Where its relative paths start."""
        return folder_of(self.path)


class Walker:
    """Walks kustomizations; each folder is built once."""

    def __init__(self, source: Source) -> None:
        """Walk in this repository."""
        self.source = source
        self.scanner = Scanner(source, self.follow)
        self._built: dict[str, Built] = {}
        self._followed: list[str] = []

    def build(self, folder: str, stack: tuple[str, ...] = ()) -> Built:
        """What the kustomization in a folder comes to.

        Raises:
            KustomizeCycleError: it builds on itself.
        """
        if folder not in self._built:
            path = self.source.kustomization(folder)
            if path is None:
                return self._missing(folder)
            self._built[folder] = self._layer(path, (), (*stack, folder))
        return self._built[folder]

    def file(self, path: str) -> Built:
        """What a plain file comes to."""
        if not self.source.has(path):
            return self._missing(path)
        found = self.scanner.file(path)
        return Built(lives=found.lives, files=found.files | {path}, whole=found.whole)

    def follow(self, folder: str, file: str) -> Built | None:
        """What Flux or Argo CD build from a folder; None where that leads back to the asker."""
        inside = not folder or file.startswith(f"{folder}/")
        if inside or folder in self._followed or not self.source.is_folder(folder):
            return None
        self._followed.append(folder)
        try:
            if self.source.kustomization(folder):
                return self.build(folder)
            return self.plain(self.source.below(folder))
        finally:
            self._followed.pop()

    def plain(self, paths: Iterable[str]) -> Built:
        """What a folder without kustomization comes to: its kustomizations and its other files."""
        listed = tuple(paths)
        folders = [folder_of(path) for path in listed if self.is_kustomization(path)]
        tops = [f for f in folders if not any(_is_below(f, o) for o in folders if o != f)]
        parts = [self.build(folder) for folder in tops]
        covered = frozenset(path for part in parts for path in part.files)
        loose = [
            path
            for path in listed
            if path not in covered and not any(_is_below(path, folder) for folder in folders)
        ]
        parts += [self.file(path) for path in loose if not self.is_kustomization(path)]
        return joined(parts)

    def is_kustomization(self, path: str) -> bool:
        """Whether it is the kustomization file of its folder."""
        return self.source.kustomization(folder_of(path)) == path

    def references(self, path: str) -> Iterator[str]:
        """The folders and files a kustomization builds on directly, those outside left out."""
        for top in self.source.documents(path):
            for item in _listed(top, "resources", "bases", "components"):
                target = self._resolve(folder_of(path), item)
                if target is not None:
                    yield target

    def _layer(self, path: str, lives: tuple[Live, ...], stack: tuple[str, ...]) -> Built:
        """One kustomization; a component starts from the images of the one that uses it."""
        grown: Built = Built(lives=lives, files=frozenset({path}))
        for top in self.source.documents(path)[:1]:
            state = _Growing(path=path, top=top, stack=stack, lives=lives, files={path})
            self._resources(state)
            self._components(state)
            self._charts(state)
            self._patches(state)
            self._renamed(state)
            self._images(state)
            grown = Built(
                lives=state.lives, files=frozenset(state.files), whole=state.whole
            )
        return grown

    def _resources(self, state: _Growing) -> None:
        for item in _listed(state.top, "resources", "bases"):
            path = self._resolve(state.folder, item)
            if path is None:
                state.whole = False
                continue
            self._check_circle(path, item, state)
            folder = self.source.is_folder(path)
            self._add(state, self.build(path, state.stack) if folder else self.file(path))
        state.whole &= not _listed(state.top, "generators", "transformers", "configurations")

    def _components(self, state: _Growing) -> None:
        for item in _listed(state.top, "components"):
            folder = self._resolve(state.folder, item)
            path = self.source.kustomization(folder) if folder is not None else None
            if folder is None or path is None:
                self._add(state, self._missing(folder or ""))
                continue
            self._check_circle(folder, item, state)
            built = self._layer(path, state.lives, (*state.stack, folder))
            state.lives = ()
            self._add(state, built)

    def _charts(self, state: _Growing) -> None:
        for chart in _items(state.top.get("helmCharts")):
            layers = []
            for item in helm.chart_files(chart):
                path = self._resolve(state.folder, item)
                if path is not None and path not in state.files:
                    state.files.add(path)
                if path is not None and self.source.has(path):
                    layers += [tree_of(document) for document in self.source.documents(path)]
            inline = chart.get("valuesInline")
            layers += [tree_of(inline)] if inline else []
            found = helm.values_lives(layers, helm.INFLATION_RULE, rendered=True)
            state.lives += self.scanner.noted(found)
            state.whole = False
        for item in _generated_files(state.top):
            path = self._resolve(state.folder, item, keyed=True)
            if path is not None:
                state.files.add(path)
                if helm.is_values_file(path) and self.source.has(path):
                    self._add(state, self.file(path))

    def _patches(self, state: _Growing) -> None:
        for item in _items(state.top.get("patchesStrategicMerge")):
            self._patch(state, item, None, text=item if "\n" in (item.text or "") else None)
        for key in ("patches", "patchesJson6902"):
            for item in _items(state.top.get(key)):
                target = item.get("target")
                self._patch(state, item.get("path"), target, text=item.get("patch"))

    def _patch(
        self, state: _Growing, file: Cursor | None, target: Cursor | None, *, text: Cursor | None
    ) -> None:
        documents = text.inside() if text else ()
        if text is None and file is not None:
            path = self._resolve(state.folder, file)
            state.files |= {path} if path else set()
            readable = path is not None and self.source.has(path)
            documents = self.source.documents(path) if path and readable else ()
        for document in documents:
            for patched in patched_images(document, target_of(target)):
                self.scanner.noted(patched.lives)
                state.lives = apply_patch(state.lives, patched, open_below=not state.whole)

    def _renamed(self, state: _Growing) -> None:
        prefix, suffix = state.top.say("namePrefix"), state.top.say("nameSuffix")
        if prefix or suffix:
            state.lives = tuple(_with_name(live, prefix, suffix) for live in state.lives)

    def _images(self, state: _Growing) -> None:
        entries = tuple(image_entries(state.top.get("images")))
        self.scanner.entries(entries)
        state.lives = apply_entries(state.lives, entries, whole=state.whole)
        if state.top.say("kind") != "Component":
            state.lives = tuple(_through(live, state.path) for live in state.lives)

    def _add(self, state: _Growing, built: Built) -> None:
        state.lives += built.lives
        state.files |= built.files
        state.whole &= built.whole

    def _check_circle(self, path: str, item: Cursor, state: _Growing) -> None:
        if path in state.stack:
            circle = (*state.stack[state.stack.index(path) :], path)
            raise KustomizeCycleError(circle, item.location)

    def _resolve(self, folder: str, item: Cursor, *, keyed: bool = False) -> str | None:
        """The path that an entry means; None for what is elsewhere or leads out (which is told).

        Generators may write it `key=path` (`keyed`).
        """
        text = (item.text or "").rpartition("=" if keyed else "\0")[2]
        if not text or is_remote(text):
            self.source.skip(item.file, item.line, f"{text} is remote: it is not read")
            return None
        try:
            return self.source.resolve(folder, text, item.location)
        except GitOpsError as error:
            self.source.fail(item.file, error)
            return None

    def _missing(self, path: str) -> Built:
        if not self.source.covers(path):
            self.source.unread.add(path)
        return Built(files=frozenset({path}), whole=False)


def joined(parts: Iterable[Built]) -> Built:
    """Several results as one."""
    listed = tuple(parts)
    return Built(
        lives=tuple(live for part in listed for live in part.lives),
        files=frozenset(path for part in listed for path in part.files),
        whole=all(part.whole for part in listed),
    )


def is_remote(text: str) -> bool:
    """Whether an entry names a place outside the repository, by the marks kustomize knows."""
    return any(mark in text for mark in _REMOTE)


def _items(cursor: Cursor | None) -> Iterator[Cursor]:
    return cursor.items() if cursor else iter(())


def _listed(top: Cursor, *keys: str) -> list[Cursor]:
    return [item for key in keys for item in _items(top.get(key))]


def _generated_files(top: Cursor) -> Iterator[Cursor]:
    for key in ("configMapGenerator", "secretGenerator"):
        for generator in _items(top.get(key)):
            for item in _items(generator.get("files")):
                yield item


def _with_name(live: Live, prefix: str, suffix: str) -> Live:
    if live.resource is None:
        return live
    newest = f"{prefix}{live.resource.names[-1]}{suffix}"
    names = tuple(dict.fromkeys((*live.resource.names, newest)))
    return replace(live, resource=replace(live.resource, names=names))


def _through(live: Live, path: str) -> Live:
    if not live.reachable:
        return live
    layer = Layer(kustomization=path, name=live.spelling.name)
    return replace(live, layers=(*live.layers, layer))


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
