"""One kustomization applied: resources, components, charts, patches and `images`, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from gitops_action.core.discovery.cursor import Cursor, KustomizeCycleError, tree_of
from gitops_action.core.discovery.image import Layer, Live, Resource
from gitops_action.core.discovery.kinds import helm
from gitops_action.core.discovery.kinds.kustomize import (
    Target,
    image_entries,
    patched_images,
    target_of,
)
from gitops_action.core.discovery.scan import Scanner
from gitops_action.core.discovery.source import Source, folder_of, items, resolved
from gitops_action.core.discovery.transforms import (
    Release,
    apply_entries,
    apply_patch,
    patch_releases,
)

# What a folder or file comes to when its layers are applied.


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a folder or file comes to.

    Attributes:
        lives: its images.
        files: every file of the repository it stands on, read or not.
        releases: its HelmReleases, for the patches above.
        whole: whether all of it was read: no remote base, generator or file that was left out.
    """

    lives: tuple[Live, ...] = ()
    files: frozenset[str] = frozenset()
    whole: bool = True
    releases: tuple[Release, ...] = ()


def joined(parts: Iterable[Built]) -> Built:
    """Several results as one."""
    listed = tuple(parts)
    return Built(
        lives=tuple(live for part in listed for live in part.lives),
        files=frozenset(path for part in listed for path in part.files),
        whole=all(part.whole for part in listed),
        releases=tuple(release for part in listed for release in part.releases),
    )


class Builder(Protocol):
    """Builds what a kustomization stands on."""

    source: Source
    scanner: Scanner

    def build(self, folder: str, stack: tuple[str, ...] = ()) -> Built:
        """What the kustomization in a folder comes to."""
        ...

    def layer(self, path: str, below: Built, stack: tuple[str, ...]) -> Built:
        """What a kustomization file makes of the images below it."""
        ...

    def file(self, path: str) -> Built:
        """What a plain file comes to."""
        ...

    def missing(self, path: str) -> Built:
        """What is referred to and was not read."""
        ...


class Kustomization:
    """A kustomization under way: `lives` are its images so far."""

    def __init__(
        self,
        builder: Builder,
        top: Cursor,
        *,
        below: Built,
        stack: tuple[str, ...],
    ) -> None:
        """Start from the images of the one that uses it, for a component; else from none."""
        self._builder = builder
        self._source = builder.source
        self.path = top.file
        self.folder = folder_of(top.file)
        self.top = top
        self.stack = stack
        self.lives = below.lives
        self.releases = below.releases
        self.files = {top.file}
        self.whole = True

    def built(self) -> Built:
        """Apply everything, in the order of kustomize.

        Raises:
            KustomizeCycleError: it builds on itself.
        """
        self._resources()
        self._components()
        self._charts()
        self._patches()
        self._renamed()
        self._images()
        return Built(
            lives=self.lives,
            files=frozenset(self.files),
            whole=self.whole,
            releases=self.releases,
        )

    def _resources(self) -> None:
        for item in _listed(self.top, "resources", "bases"):
            path = resolved(self._source, self.folder, item)
            if path is None:
                self.whole = False
                continue
            self._check_circle(path, item)
            folder = self._source.is_folder(path)
            self._add(self._builder.build(path, self.stack) if folder else self._builder.file(path))
        self.whole &= not _listed(self.top, "generators", "transformers", "configurations")

    def _components(self) -> None:
        for item in _listed(self.top, "components"):
            folder = resolved(self._source, self.folder, item)
            path = self._source.kustomization(folder) if folder is not None else None
            if folder is None or path is None:
                self._add(self._builder.missing(folder or ""))
                continue
            self._check_circle(folder, item)
            below = Built(lives=self.lives, releases=self.releases)
            built = self._builder.layer(path, below, (*self.stack, folder))
            self.lives, self.releases = (), ()
            self._add(built)

    def _charts(self) -> None:
        for chart in items(self.top.get("helmCharts")):
            layers = []
            for item in helm.chart_files(chart):
                path = resolved(self._source, self.folder, item)
                if path is None:
                    continue
                self.files.add(path)
                if self._source.has(path):
                    layers += [tree_of(document) for document in self._source.documents(path)]
            inline = chart.get("valuesInline")
            layers += [tree_of(inline)] if inline else []
            found = helm.values_lives(layers, helm.INFLATION_RULE, rendered=True)
            self.lives += self._builder.scanner.noted(found)
            self.whole = False
        for item in _generated_files(self.top):
            path = resolved(self._source, self.folder, item, keyed=True)
            if path is not None:
                self.files.add(path)
                if helm.is_values_file(path) and self._source.has(path):
                    self._add(self._builder.file(path))

    def _patches(self) -> None:
        for item in items(self.top.get("patchesStrategicMerge")):
            self._patch(item, None, text=item if "\n" in (item.text or "") else None)
        for key in ("patches", "patchesJson6902"):
            for item in items(self.top.get(key)):
                target = item.get("target")
                self._patch(item.get("path"), target, text=item.get("patch"))

    def _patch(self, file: Cursor | None, target: Cursor | None, *, text: Cursor | None) -> None:
        documents = text.inside() if text else ()
        if text is None and file is not None:
            path = resolved(self._source, self.folder, file)
            self.files |= {path} if path else set()
            documents = self._source.documents(path) if path and self._source.has(path) else ()
        for document in documents:
            for patched in patched_images(document, target_of(target)):
                self._builder.scanner.noted(patched.lives)
                self.lives = apply_patch(self.lives, patched, open_below=not self.whole)
            self._patch_releases(document, target_of(target))

    def _patch_releases(self, document: Cursor, target: Target | None) -> None:
        """Images of a release that a patch changes are read again from its values."""
        before = self.releases
        self.releases = patch_releases(before, document, target, open_below=not self.whole)
        changed = [release for release in self.releases if release not in before]
        objects = {release.resource for release in changed}
        self.lives = tuple(live for live in self.lives if live.release not in objects)
        for release in changed:
            self.lives += self._builder.scanner.release_lives(release)

    def _renamed(self) -> None:
        prefix, suffix = self.top.say("namePrefix"), self.top.say("nameSuffix")
        if prefix or suffix:
            self.lives = tuple(_with_name(live, prefix, suffix) for live in self.lives)
            self.releases = tuple(
                replace(release, resource=_named(release.resource, prefix, suffix))
                for release in self.releases
            )

    def _images(self) -> None:
        entries = tuple(image_entries(self.top.get("images")))
        self._builder.scanner.entries(entries)
        self.lives = apply_entries(self.lives, entries, whole=self.whole)
        if self.top.say("kind") != "Component":
            self.lives = tuple(_through(live, self.path) for live in self.lives)

    def _add(self, built: Built) -> None:
        self.lives += built.lives
        self.releases += built.releases
        self.files |= built.files
        self.whole &= built.whole

    def _check_circle(self, path: str, item: Cursor) -> None:
        if path in self.stack:
            circle = (*self.stack[self.stack.index(path) :], path)
            raise KustomizeCycleError(circle, item.location)


def _listed(top: Cursor, *keys: str) -> list[Cursor]:
    return [item for key in keys for item in items(top.get(key))]


def _generated_files(top: Cursor) -> Iterator[Cursor]:
    for key in ("configMapGenerator", "secretGenerator"):
        for generator in items(top.get(key)):
            yield from items(generator.get("files"))


def _with_name(live: Live, prefix: str, suffix: str) -> Live:
    resource, release = (
        owner and _named(owner, prefix, suffix) for owner in (live.resource, live.release)
    )
    return replace(live, resource=resource, release=release)


def _named(resource: Resource, prefix: str, suffix: str) -> Resource:
    newest = f"{prefix}{resource.names[-1]}{suffix}"
    return replace(resource, names=tuple(dict.fromkeys((*resource.names, newest))))


def _through(live: Live, path: str) -> Live:
    if not live.reachable:
        return live
    layer = Layer(kustomization=path, name=live.spelling.name)
    return replace(live, layers=(*live.layers, layer))


# A symbolic kustomize: it builds no manifests, only what becomes of each image and who says so.


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
