"""A symbolic kustomize: it builds no manifests, only what becomes of each image and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gitops_action.core.discovery.built import Built, joined
from gitops_action.core.discovery.kustomization import Kustomization
from gitops_action.core.discovery.references import items, resolved
from gitops_action.core.discovery.scan import Scanner
from gitops_action.core.discovery.source import Source, folder_of


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
                return self.missing(folder)
            self._built[folder] = self.layer(path, Built(), (*stack, folder))
        return self._built[folder]

    def file(self, path: str) -> Built:
        """What a plain file comes to."""
        if not self.source.has(path):
            return self.missing(path)
        found = self.scanner.file(path)
        return Built(
            lives=found.lives,
            files=frozenset(found.files | {path}),
            whole=found.whole,
            releases=found.releases,
        )

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
        """The folders and files a kustomization builds on directly, in this repository."""
        for top in self.source.documents(path)[:1]:
            for key in ("resources", "bases", "components"):
                for item in items(top.get(key)):
                    target = resolved(self.source, folder_of(path), item)
                    if target is not None:
                        yield target

    def layer(self, path: str, below: Built, stack: tuple[str, ...]) -> Built:
        """What one kustomization makes of the images below it (a component's: of its user's)."""
        for top in self.source.documents(path)[:1]:
            return Kustomization(self, top, below=below, stack=stack).built()
        return replace(below, files=below.files | {path}, whole=False)

    def missing(self, path: str) -> Built:
        """What is referred to and was not read; a folder outside those read is noted."""
        if not self.source.covers(path):
            self.source.unread.add(path)
        return Built(files=frozenset({path}), whole=False)


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
