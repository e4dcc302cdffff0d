"""One file's images: each object or values document goes to the recogniser of its kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from gitops_action.core.discovery.cursor import Cursor, Tree, merge, object_cursor, tree_of
from gitops_action.core.discovery.image import EffectiveImage, Spot, live_of, repository_of, sealed
from gitops_action.core.discovery.kinds import argocd, flux, helm, kustomize, workloads
from gitops_action.core.discovery.kinds.argocd import AppSource
from gitops_action.core.discovery.kinds.helm import lone_versions
from gitops_action.core.discovery.relevance import may_name_image
from gitops_action.core.discovery.source import Source, folder_of, items, join
from gitops_action.core.discovery.substitution import substituted
from gitops_action.core.discovery.transforms import (
    ReleaseValues,
    apply_entries,
    apply_patch,
    release_of,
)
from gitops_action.core.rendering.deployers import source_path
from gitops_action.core.repository import Snapshot
from gitops_action.errors import GitOpsError

_NEITHER = re.compile(
    r"(docker-)?compose([-.].*)?\.ya?ml"
    r"|(chart|skaffold|mkdocs)\.ya?ml"
    r"|(package|package-lock|renovate)\.json"
)
"""Names of files that are neither manifests nor values, though they may name images."""


class Followed(Protocol):
    """What Flux or Argo CD build from a folder."""

    @property
    def lives(self) -> tuple[EffectiveImage, ...]:
        """Its images."""
        ...

    @property
    def files(self) -> frozenset[str]:
        """The files it stands on."""
        ...

    @property
    def values(self) -> frozenset[str]:
        """The values files that its objects settle."""
        ...

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        ...


Follow = Callable[[str, str, kustomize.Additions], Followed | None]
"""Builds a folder on behalf of a file, with what that adds to the folder's kustomization."""


@dataclass(kw_only=True)
class Scan:
    """What a file holds and builds on; `values` are files whose values are settled here."""

    path: str
    lives: tuple[EffectiveImage, ...] = ()
    files: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    whole: bool = True
    releases: tuple[ReleaseValues, ...] = ()


class Scanner:
    """Scans files; remembers which scalars were recognised as parts of which image."""

    def __init__(self, source: Source, follow: Follow) -> None:
        """Scan in this repository; `follow` builds the folders that objects point to."""
        self.source = source
        self.follow = follow
        self.lines: set[tuple[str, int]] = set()
        self.known: dict[tuple[str, str], set[str | None]] = {}
        self.lone: dict[Spot, None] = {}

    def file(self, path: str) -> Scan:
        """Scan one file; what does not parse is noted in the source and holds nothing."""
        scan = Scan(path=path)
        if self._names_none(path):
            return scan
        try:
            for document in self.source.documents(path):
                self._document(document, scan)
        except GitOpsError as error:
            self.source.fail(path, error)
        self.noted(scan.lives)
        return scan

    def _names_none(self, path: str) -> bool:
        """Where any image is looked for; else only what may name those was kept (`signs`)."""
        return not self.source.signs.words and not may_name_image(path, self.source.data(path))

    def noted(self, lives: Iterable[EffectiveImage]) -> tuple[EffectiveImage, ...]:
        """Remember the scalars of these images."""
        listed = tuple(lives)
        for live in listed:
            for spot in live.version.spots.values():
                self.lines.add((spot.file, spot.line))
                self.known.setdefault(spot.key, set()).add(live.repository)
        return listed

    def entries(self, entries: Iterable[kustomize.ImagesEntry]) -> None:
        """Remember the scalars of these `images` entries."""
        for entry in entries:
            self.lines |= {(spot.file, spot.line) for spot in entry.place.spots.values()}
            self.lines.add((entry.place.main.file, entry.line))
            for spot in entry.place.spots.values():
                repository = repository_of(entry.new_name or entry.name)
                self.known.setdefault(spot.key, set()).add(repository)

    def _document(self, document: Cursor, scan: Scan) -> None:
        if workloads.is_manifest(document):
            for manifest in workloads.manifests(document):
                self.manifest(manifest, scan)
        elif document.is_mapping and not is_neither(scan.path):
            self._values(document, scan)

    def manifest(self, manifest: Cursor, scan: Scan) -> None:
        """Scan one object."""
        if (scanned := flux.scanned_image(manifest)) is not None:
            self.lines.add((scanned.file, scanned.line))
        artifact = flux.repository_image(manifest)
        if flux.is_kustomization(manifest):
            self._flux(manifest, scan)
        elif flux.is_release(manifest):
            self._release(manifest, scan)
        elif argocd.is_application(manifest):
            for source in argocd.sources(manifest):
                self._argocd(self._overridden(source, manifest, scan), scan)
        elif manifest.say("kind") == "HelmChartInflationGenerator":
            self._inflation(manifest, scan)
        elif artifact is not None:
            fields = workloads.fields_of(artifact, manifest)
            live = replace(
                live_of(artifact), resource=workloads.resource_of(manifest), fields=fields
            )
            scan.lives += (live,)
        else:
            scan.lives += tuple(workloads.workload_lives(manifest))

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
        release = replace(release_of(manifest), chart=tuple(self._chart_values(manifest, scan)))
        for tree in release.layers:
            for spot in lone_versions(tree):
                self.lone.setdefault(spot)
        scan.releases += (release,)
        scan.lives += self.release_lives(release)

    def _chart_values(self, manifest: Cursor, scan: Scan) -> Iterator[Tree]:
        """The values files of a chart in this repository, lowest first; paths begin at its top."""
        chart = manifest.get("spec", "chart", "spec")
        if chart is None or chart.say("sourceRef", "kind") != "GitRepository":
            return
        named = list(items(chart.get("valuesFiles")))
        folder = chart.get("chart")
        paths = [self.source.resolve("", item.text or "", item.location) for item in named]
        if folder is not None and folder.text and not named:
            paths = [join(self._folder(folder) or "", "values.yaml")]
        for path in paths:
            if self.source.reads(path):
                scan.files.add(path)
                scan.values.add(path)
                yield from (tree_of(held) for held in self.source.documents(path, whole=True))

    def release_lives(self, release: ReleaseValues) -> tuple[EffectiveImage, ...]:
        """The images of a release: its values, and what its post-renderers make of them."""
        layers = (*release.chart, *release.layers)
        found = helm.values_lives(layers, helm.RELEASE_RULE, rendered=True)
        lives = self.noted(found)
        for steps in release.renderers:
            lives = self._patched(steps, lives)
            reason = "an image that a HelmRelease's post-renderer sets"
            lives = self._rewritten(steps, lives, "helm-post-renderer", reason, whole=False)
        return tuple(replace(sealed(live), release=release.resource) for live in lives)

    def _flux(self, manifest: Cursor, scan: Scan) -> None:
        """What Flux builds: it adds to the folder's kustomization, and replaces variables then."""
        spec = manifest.get("spec")
        reason = "an image that a Flux Kustomization sets"
        listed = spec.get("images") if spec else None
        entries = (
            replace(entry, above=True)
            for entry in kustomize.image_entries(listed, "flux-images", reason)
        )
        additions = kustomize.Additions(
            by="flux",
            patches=tuple(items(spec.get("patches") if spec else None)),
            components=tuple(items(spec.get("components") if spec else None)),
            entries=tuple(entries),
        )
        built = self._follow(flux.built_path(manifest, self.source.flux_sources), scan, additions)
        if built is None:
            self.entries(additions.entries)
            lives = apply_entries((), additions.entries, whole=False)
            lives = self._patched(spec, lives) if spec else lives
        else:
            lives = built.lives
        lives = substituted(lives, manifest, self.source)
        scan.lives += tuple(sealed(live) for live in lives)

    def _overridden(self, source: AppSource, manifest: Cursor, scan: Scan) -> AppSource:
        """The source with the override files of its folder, which Argo CD reads last."""
        path = source.path(self.source.repository, self.source.branch)
        folder = self._folder(path) if path is not None and path.text else None
        if folder is None:
            return source
        parts = source.parts
        for name in argocd.override_names(manifest):
            override = join(folder, name)
            if self.source.reads(override):
                scan.files.add(override)
                parts += self.source.documents(override, whole=True)[:1]
        return AppSource(parts=parts)

    def _argocd(self, source: AppSource, scan: Scan) -> None:
        recurse = source.get("directory", "recurse")
        additions = kustomize.Additions(
            by="argocd",
            flat=recurse is None or recurse.text != "true",
            patches=tuple(source.items("kustomize", "patches")),
            components=tuple(source.items("kustomize", "components")),
            entries=tuple(argocd.kustomize_entries(source)),
        )
        built = self._follow(
            source.path(self.source.repository, self.source.branch), scan, additions
        )
        if built is None:
            self.entries(additions.entries)
        lives = built.lives if built else apply_entries((), additions.entries, whole=False)
        layers = self._values_layers(source, scan)
        lives = without_values(lives, scan.values)
        lives += self.noted(helm.values_lives(layers, argocd.HELM_RULE))
        scan.lives += tuple(sealed(live) for live in lives)

    def _values_layers(self, source: AppSource, scan: Scan) -> list[Tree]:
        """What an Application gives a chart: files of this repository below its own values."""
        layers: list[Tree] = []
        built = source.path(self.source.repository, self.source.branch)
        chart = built.text or "" if built else ""
        named = list(argocd.values_files(source))
        if built is None and source.get("path"):  # its own files are in another repository
            named = [item for item in named if (item.text or "").startswith("$")]
        charts = [join(chart, "values.yaml")] if chart else []
        for path in charts + [self._values_path(chart, item) for item in named]:
            if path and self.source.reads(path):
                scan.files.add(path)
                scan.values.add(path)
                held = self.source.documents(path, whole=True)
                layers += [tree_of(document) for document in held]
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
            if self.source.reads(path):
                held = self.source.documents(path, whole=True)
                layers += [tree_of(document) for document in held]
        inline = manifest.get("valuesInline")
        layers += [tree_of(inline)] if inline else []
        scan.lives += tuple(helm.values_lives(layers, helm.INFLATION_RULE, rendered=True))
        scan.whole = False

    def _patched(
        self, holder: Cursor, lives: tuple[EffectiveImage, ...]
    ) -> tuple[EffectiveImage, ...]:
        listed = holder.get("patches")
        for item in listed.items() if listed else ():
            text = item.get("patch")
            for document in text.inside() if text else ():
                for patched in kustomize.patched_images(
                    document, kustomize.target_of(item.get("target"))
                ):
                    self.noted(patched.lives)
                    lives = apply_patch(lives, patched, open_below=True)
        return lives

    def _rewritten(
        self,
        holder: Cursor,
        lives: tuple[EffectiveImage, ...],
        rule: str,
        reason: str,
        *,
        whole: bool,
    ) -> tuple[EffectiveImage, ...]:
        entries = tuple(kustomize.image_entries(holder.get("images"), rule, reason))
        self.entries(entries)
        return apply_entries(lives, entries, whole=whole)

    def _follow(
        self, path: Cursor | None, scan: Scan, additions: kustomize.Additions
    ) -> Followed | None:
        folder = self._folder(path) if path is not None else None
        if not folder:
            return None
        if not self.source.covers(folder):
            self.source.unread.add(folder)
            return None
        built = self.follow(folder, scan.path, additions)
        scan.files |= built.files if built else set()
        scan.values |= built.values if built else set()
        return built

    def _folder(self, path: Cursor) -> str | None:
        """The folder that a path means; None where a variable or template sets it."""
        written = source_path(path.text or "")
        return self.source.resolve("", written, path.location) if written else written


def without_values(
    lives: Iterable[EffectiveImage], settled: Collection[str]
) -> tuple[EffectiveImage, ...]:
    """The images without those of values files whose values are settled elsewhere."""
    return tuple(
        live
        for live in lives
        if live.version.rule != helm.VALUES_RULE[0] or live.version.main.file not in settled
    )


def is_neither(path: str) -> bool:
    """Whether a file is one of another tool, by its name."""
    return _NEITHER.fullmatch(path.rpartition("/")[2].lower()) is not None


def object_lives(body: Mapping[str, object]) -> tuple[EffectiveImage, ...]:
    """The images of one rendered object, by the rules that edit them in files.

    What cannot be read of it (a path that leads out of the repository) holds none: the file that
    it was rendered from is where that is reported.
    """
    scan = Scan(path="")
    scanner = Scanner(Source(snapshot=Snapshot(commit="", files={})), lambda *_given: None)
    with suppress(GitOpsError):
        for manifest in workloads.manifests(object_cursor(body)):
            scanner.manifest(manifest, scan)
    return scan.lives
