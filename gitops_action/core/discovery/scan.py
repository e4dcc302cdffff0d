"""One file's images: each object or values document goes to the recogniser of its kind."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from gitops_action.core.discovery.cursor import Cursor, Tree, merge, tree_of
from gitops_action.core.discovery.image import Live, Spot, repository_of, sealed
from gitops_action.core.discovery.kinds import argocd, flux, helm
from gitops_action.core.discovery.kinds.helm import lone_versions
from gitops_action.core.discovery.kinds.kustomize import (
    Entry,
    image_entries,
    patched_images,
    target_of,
)
from gitops_action.core.discovery.kinds.workloads import is_manifest, manifests, workload_lives
from gitops_action.core.discovery.source import Source, folder_of, join
from gitops_action.core.discovery.transforms import Release, apply_entries, apply_patch, release_of
from gitops_action.errors import GitOpsError

_NEITHER = ("compose", "docker-compose", "chart.", "skaffold", "package", "mkdocs", "renovate")
"""Starts of file names that are neither manifests nor values, though they may name images."""


class Followed(Protocol):
    """What Flux or Argo CD build from a folder."""

    @property
    def lives(self) -> tuple[Live, ...]:
        """Its images."""
        ...

    @property
    def files(self) -> frozenset[str]:
        """The files it stands on."""
        ...

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        ...


Follow = Callable[[str, str], Followed | None]
"""Builds a folder on behalf of a file."""


@dataclass(kw_only=True)
class Scan:
    """What a file holds and builds on."""

    path: str
    lives: tuple[Live, ...] = ()
    files: set[str] = field(default_factory=set)
    whole: bool = True
    releases: tuple[Release, ...] = ()


class Scanner:
    """Scans files; remembers which scalars were recognised as parts of which image."""

    def __init__(self, source: Source, follow: Follow) -> None:
        """Scan in this repository; `follow` builds the folders that objects point to."""
        self.source = source
        self.follow = follow
        self.known: dict[tuple[str, str], set[str | None]] = {}
        self.lone: dict[Spot, None] = {}

    def file(self, path: str) -> Scan:
        """Scan one file; what does not parse is noted in the source and holds nothing."""
        scan = Scan(path=path)
        try:
            for document in self.source.documents(path):
                self._document(document, scan)
        except GitOpsError as error:
            self.source.fail(path, error)
        self.noted(scan.lives)
        return scan

    def noted(self, lives: Iterable[Live]) -> tuple[Live, ...]:
        """Remember the scalars of these images."""
        listed = tuple(lives)
        for live in listed:
            for spot in live.version.spots.values():
                self.known.setdefault(spot.key, set()).add(live.repository)
        return listed

    def entries(self, entries: Iterable[Entry]) -> None:
        """Remember the scalars of these `images` entries."""
        for entry in entries:
            for spot in entry.place.spots.values():
                repository = repository_of(entry.new_name or entry.name)
                self.known.setdefault(spot.key, set()).add(repository)

    def _document(self, document: Cursor, scan: Scan) -> None:
        if is_manifest(document):
            for manifest in manifests(document):
                self._manifest(manifest, scan)
        elif document.is_mapping and not _is_neither(scan.path):
            self._values(document, scan)

    def _manifest(self, manifest: Cursor, scan: Scan) -> None:
        if flux.is_kustomization(manifest):
            self._flux(manifest, scan)
        elif flux.is_release(manifest):
            self._release(manifest, scan)
        elif argocd.is_application(manifest):
            for source in argocd.sources(manifest):
                self._argocd(source, scan)
        elif manifest.say("kind") == "HelmChartInflationGenerator":
            self._inflation(manifest, scan)
        else:
            scan.lives += tuple(workload_lives(manifest))

    def _values(self, document: Cursor, scan: Scan) -> None:
        """A values file; one that is named for an environment lies over the plain one beside it."""
        layers = [tree_of(document)]
        base = join(folder_of(scan.path), "values.yaml")
        if base != scan.path and helm.is_values_file(scan.path) and self.source.has(base):
            layers = [tree_of(below) for below in self.source.documents(base)[:1]] + layers
        found = helm.values_lives(layers, helm.VALUES_RULE)
        scan.lives += tuple(live for live in found if live.version.main.file == scan.path)
        for spot in lone_versions(merge(layers)):
            self.lone.setdefault(spot)

    def _release(self, manifest: Cursor, scan: Scan) -> None:
        release = release_of(manifest)
        for tree in release.layers:
            for spot in lone_versions(tree):
                self.lone.setdefault(spot)
        scan.releases += (release,)
        scan.lives += self.release_lives(release)

    def release_lives(self, release: Release) -> tuple[Live, ...]:
        """The images of a release: its values, and what its post-renderers make of them."""
        found = helm.values_lives(release.layers, helm.RELEASE_RULE, rendered=True)
        lives = self.noted(found)
        for steps in release.renderers:
            lives = self._patched(steps, lives)
            reason = "an image that a HelmRelease's post-renderer sets"
            lives = self._rewritten(steps, lives, "helm-post-renderer", reason, whole=False)
        return tuple(replace(sealed(live), release=release.resource) for live in lives)

    def _flux(self, manifest: Cursor, scan: Scan) -> None:
        built = self._follow(flux.built_path(manifest), scan)
        lives = built.lives if built else ()
        spec = manifest.get("spec")
        if spec:
            whole = built is not None and built.whole
            lives = self._patched(spec, lives)
            reason = "an image that a Flux Kustomization sets"
            lives = self._rewritten(spec, lives, "flux-images", reason, whole=whole)
        scan.lives += tuple(sealed(live) for live in lives)

    def _argocd(self, source: Cursor, scan: Scan) -> None:
        built = self._follow(source.get("path"), scan)
        whole = built is not None and built.whole
        entries = tuple(argocd.kustomize_entries(source))
        self.entries(entries)
        lives = apply_entries(built.lives if built else (), entries, whole=whole)
        layers = self._values_layers(source, scan)
        lives += self.noted(helm.values_lives(layers, argocd.HELM_RULE))
        scan.lives += tuple(sealed(live) for live in lives)

    def _values_layers(self, source: Cursor, scan: Scan) -> list[Tree]:
        """What an Application gives a chart: files of this repository below its own values."""
        layers: list[Tree] = []
        chart = source.say("path")
        named = list(argocd.values_files(source))
        charts = [join(chart, "values.yaml")] if chart else []
        for path in charts + [self._values_path(chart, item) for item in named]:
            if path and self.source.has(path):
                scan.files.add(path)
                layers += [tree_of(document) for document in self.source.documents(path)]
        return layers + list(argocd.own_values(source))

    def _values_path(self, chart: str, item: Cursor) -> str:
        text = item.text or ""
        if text.startswith("$"):
            folder, text = "", text.partition("/")[2]
        elif "://" in text:
            return ""
        else:
            folder, text = ("", text[1:]) if text.startswith("/") else (chart, text)
        return self.source.resolve(folder, text, item.location)

    def _inflation(self, manifest: Cursor, scan: Scan) -> None:
        layers: list[Tree] = []
        for item in helm.chart_files(manifest):
            path = self.source.resolve(folder_of(scan.path), item.text or "", item.location)
            scan.files.add(path)
            if self.source.has(path):
                layers += [tree_of(document) for document in self.source.documents(path)]
        inline = manifest.get("valuesInline")
        layers += [tree_of(inline)] if inline else []
        scan.lives += tuple(helm.values_lives(layers, helm.INFLATION_RULE, rendered=True))
        scan.whole = False

    def _patched(self, holder: Cursor, lives: tuple[Live, ...]) -> tuple[Live, ...]:
        listed = holder.get("patches")
        for item in listed.items() if listed else ():
            text = item.get("patch")
            for document in text.inside() if text else ():
                for patched in patched_images(document, target_of(item.get("target"))):
                    self.noted(patched.lives)
                    lives = apply_patch(lives, patched, open_below=True)
        return lives

    def _rewritten(
        self, holder: Cursor, lives: tuple[Live, ...], rule: str, reason: str, *, whole: bool
    ) -> tuple[Live, ...]:
        entries = tuple(image_entries(holder.get("images"), rule, reason))
        self.entries(entries)
        return apply_entries(lives, entries, whole=whole)

    def _follow(self, path: Cursor | None, scan: Scan) -> Followed | None:
        if path is None or not path.text:
            return None
        folder = self.source.resolve("", posixpath.normpath(path.text.lstrip("/")), path.location)
        folder = "" if folder == "." else folder
        if not self.source.covers(folder):
            self.source.unread.add(folder)
            return None
        built = self.follow(folder, scan.path)
        scan.files |= built.files if built else set()
        return built


def _is_neither(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.startswith(_NEITHER)
