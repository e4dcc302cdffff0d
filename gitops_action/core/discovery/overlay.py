"""One kustomization applied, in the order of kustomize.

Resources, components, generators, patches, `images`, `replacements`, transformers: kustomize's
`KustTarget.AccumulateTarget` and `configureBuiltinTransformers` (api/internal/target).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery import transforms
from gitops_action.core.discovery.cursor import Cursor, KustomizeCycleError, tree_of
from gitops_action.core.discovery.image import EffectiveImage, ImageOwner, Layer, Untraced
from gitops_action.core.discovery.kinds import helm, kustomize
from gitops_action.core.discovery.kinds.workloads import CONTAINER_LISTS, is_manifest, manifests
from gitops_action.core.discovery.replacements import apply_replacement
from gitops_action.core.discovery.scan import Scanner
from gitops_action.core.discovery.source import Source, folder_of, items, resolved
from gitops_action.core.discovery.values_source import ValueSources
from gitops_action.core.rendering.roots import Uses, find_roots
from gitops_action.errors import GitOpsError

MAX_IMAGES = 20_000
"""Of one kustomization; twenty folders, each twice in the next one, would come to a million."""

# What a folder or file comes to when its layers are applied.


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a folder or file comes to.

    Attributes:
        lives: its images.
        files: every file of the repository it stands on, read or not.
        values: values files whose values its objects settle.
        releases: its HelmReleases, for the patches above.
        whole: whether all of it was read: no remote base, generator or file that was left out.
    """

    lives: tuple[EffectiveImage, ...] = ()
    files: frozenset[str] = frozenset()
    whole: bool = True
    values: frozenset[str] = frozenset()
    releases: tuple[transforms.ReleaseValues, ...] = ()


def joined(parts: Iterable[Built]) -> Built:
    """Several results as one."""
    listed = tuple(parts)
    return Built(
        lives=tuple(live for part in listed for live in part.lives),
        files=frozenset(path for part in listed for path in part.files),
        values=frozenset(path for part in listed for path in part.values),
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

    def resources(self, folder: str) -> Iterator[str]:
        """The files that the kustomization in a folder lists, through others too."""
        ...

    def file(self, path: str) -> Built:
        """What a plain file comes to."""
        ...

    def missing(self, path: str) -> Built:
        """What is referred to and was not read."""
        ...


class Overlay:
    """A kustomization under way: `lives` are its images so far."""

    def __init__(  # noqa: PLR0913 - what it starts from, each by name
        self,
        builder: Builder,
        top: Cursor | None,
        *,
        folder: str,
        below: Built,
        stack: tuple[str, ...],
        additions: kustomize.Additions | None = None,
    ) -> None:
        """Start from the images of the one that uses it, for a component; else from none.

        Without `top` it is the one that Flux generates for a folder that has none.
        """
        self._builder = builder
        self._source = builder.source
        self._additions = additions or kustomize.Additions(by="flux")
        self.folder = folder
        self.top = top
        self.stack = stack
        self.lives = below.lives
        self.releases = below.releases
        self.files = set(below.files) | ({top.file} if top else set())
        self.values = set(below.values)
        self.whole = below.whole

    def built(self) -> Built:
        """Apply everything, in the order of kustomize.

        Raises:
            KustomizeCycleError: it builds on itself.
        """
        self._resources()
        self._components()
        self._charts()
        self._generators()
        self._patches()
        self._renamed()
        self._json_patches()
        self._images()
        self._replacements(self._listed("replacements"))
        self._transformers()
        return Built(
            lives=self.lives,
            files=frozenset(self.files),
            values=frozenset(self.values),
            whole=self.whole,
            releases=self.releases,
        )

    def _listed(self, *keys: str) -> list[Cursor]:
        return [item for key in keys for item in items(self.top.get(key) if self.top else None)]

    def _resources(self) -> None:
        for item in self._listed("resources", "bases"):
            path = resolved(self._source, self.folder, item)
            if path is None:
                self.whole = False
                continue
            self._check_circle(path, item)
            folder = self._source.is_folder(path)
            self._add(self._builder.build(path, self.stack) if folder else self._builder.file(path))
            self._check_size(item)

    def _check_size(self, item: Cursor) -> None:
        if len(self.lives) > MAX_IMAGES:
            raise GitOpsError(
                f"a kustomization comes to more than {MAX_IMAGES} images",
                cause="folders that list another one twice multiply what it describes",
                fix="list each folder once",
                location=item.location,
            )

    def _components(self) -> None:
        for item in [*self._listed("components"), *self._additions.components]:
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
        for chart in self._listed("helmCharts"):
            layers = []
            for item in helm.chart_files(chart):
                path = resolved(self._source, self.folder, item)
                if path is None:
                    continue
                self.files.add(path)
                if self._source.reads(path):
                    held = self._source.documents(path, whole=True)
                    layers += [tree_of(document) for document in held]
            inline = chart.get("valuesInline")
            layers += [tree_of(inline)] if inline else []
            found = helm.values_lives(layers, helm.INFLATION_RULE, rendered=True)
            self.lives += self._builder.scanner.noted(found)
            self.whole = False

    def _generators(self) -> None:
        sources = ValueSources(self._source, self.folder, self.top)
        self.files |= sources.files
        for item in self._listed("generators"):
            self.whole = False
            for document in self._configured(item):
                if document.say("kind") == "HelmChartInflationGenerator":
                    self._add(self._builder.file(document.file))
        self.releases, changed = transforms.with_generated(self.releases, sources)
        self._read_again(changed)
        for path in sources.loose():
            self._add(self._builder.file(path))

    def _patches(self) -> None:
        for item in self._listed("patchesStrategicMerge"):
            self._patch(item, None, text=item if "\n" in (item.text or "") else None)
        for item in [*self._listed("patches"), *self._additions.patches]:
            self._patch(item.get("path"), item.get("target"), text=item.get("patch"))

    def _json_patches(self) -> None:
        for item in self._listed("patchesJson6902"):
            self._patch(item.get("path"), item.get("target"), text=item.get("patch"))

    def _patch(self, file: Cursor | None, target: Cursor | None, *, text: Cursor | None) -> None:
        documents = text.inside() if text else ()
        if text is None and file is not None:
            path = resolved(self._source, self.folder, file)
            self.files |= {path} if path else set()
            there = path and self._source.reads(path, always=bool(self.lives or self.releases))
            documents = self._source.documents(path, whole=True) if path and there else ()
        for document in documents:
            for patched in kustomize.patched_images(document, kustomize.target_of(target)):
                self._builder.scanner.noted(patched.lives)
                self.lives = transforms.apply_patch(self.lives, patched, open_below=not self.whole)
            self.lives = transforms.patch_fields(self.lives, document, kustomize.target_of(target))
            self._patch_releases(document, kustomize.target_of(target))

    def _patch_releases(self, document: Cursor, target: kustomize.PatchTarget | None) -> None:
        """Images of a release that a patch changes are read again from its values."""
        before = self.releases
        self.releases = transforms.patch_releases(
            before, document, target, open_below=not self.whole
        )
        self._read_again([release for release in self.releases if release not in before])

    def _read_again(self, changed: Iterable[transforms.ReleaseValues]) -> None:
        listed = tuple(changed)
        objects = {release.resource for release in listed}
        self.lives = tuple(live for live in self.lives if live.release not in objects)
        for release in listed:
            self.lives += self._builder.scanner.release_lives(release)

    def _renamed(self) -> None:
        prefix = self.top.say("namePrefix") if self.top else ""
        suffix = self.top.say("nameSuffix") if self.top else ""
        if prefix or suffix:
            self.lives = tuple(_with_name(live, prefix, suffix) for live in self.lives)
            self.releases = tuple(
                replace(release, resource=_named(release.resource, prefix, suffix))
                for release in self.releases
            )

    def _images(self) -> None:
        for item in self._listed("configurations"):
            for document in self._configured(item):
                specs = tuple(items(document.get("images")))
                self.lives = tuple(_reached(live, specs) for live in self.lives)
        own = kustomize.image_entries(self.top.get("images") if self.top else None)
        entries = self._additions.merged(own)
        self._builder.scanner.entries(entries)
        self.lives = transforms.apply_entries(self.lives, entries, whole=self.whole)
        if self.top and self.top.say("kind") != "Component":
            self.lives = tuple(_through(live, self.top.file) for live in self.lives)

    def _replacements(self, listed: Iterable[Cursor]) -> None:
        for item in listed:
            if item.get("path") is None:
                self._replace(item)
                continue
            for document in self._configured(item.get("path")):
                several = list(items(document.get("replacements"))) or list(document.items())
                for inner in several or [document]:
                    self._replace(inner)

    def _replace(self, item: Cursor) -> None:
        sources = ValueSources(self._source, self.folder, self.top, frozenset(self.files))
        self.lives = apply_replacement(self.lives, item, sources.finder(item))

    def _transformers(self) -> None:
        for item in self._listed("transformers"):
            for document in self._configured(item):
                self._transform(document)

    def _transform(self, document: Cursor) -> None:
        kind, target = document.say("kind"), document.get("target")
        builtin = document.say("apiVersion") == "builtin"
        if builtin and kind == "ImageTagTransformer":
            self._transform_images(document)
        elif builtin and kind == "PatchTransformer":
            self._patch(document.get("path"), target, text=document.get("patch"))
        elif builtin and kind == "PatchJson6902Transformer":
            self._patch(document.get("path"), target, text=document.get("jsonOp"))
        elif builtin and kind == "PatchStrategicMergeTransformer":
            for item in items(document.get("paths")):
                self._patch(item, None, text=None)
            self._patch(None, None, text=document.get("patches"))
        elif builtin and kind == "ReplacementTransformer":
            self._replacements(items(document.get("replacements")))
        elif not builtin:
            self.lives = tuple(_doubted(live, document) for live in self.lives)

    def _transform_images(self, document: Cursor) -> None:
        specs = tuple(items(document.get("fieldSpecs")))
        self.lives = tuple(_reached(live, specs) for live in self.lives)
        tag = document.get("imageTag")
        reason = "the image that a kustomize transformer sets"
        entry = kustomize.image_entry(tag, "kustomize-transformer", reason) if tag else None
        if entry is not None:
            self._builder.scanner.entries((entry,))
            self.lives = transforms.apply_entries(self.lives, (entry,), whole=self.whole)

    def _configured(self, item: Cursor | None) -> Iterator[Cursor]:
        """The documents that configure a generator or transformer: inline, in a file or folder."""
        if item is None:
            return
        if "\n" in (item.text or ""):
            yield from item.inside()
            return
        path = resolved(self._source, self.folder, item)
        if path is None:
            return
        self.files.add(path)
        listed = self._builder.resources(path) if self._source.is_folder(path) else (path,)
        for file in listed:
            self.files.add(file)
            if self._source.reads(file, always=bool(self.lives)):
                for document in self._source.documents(file, whole=True):
                    yield from manifests(document) if is_manifest(document) else (document,)

    def _add(self, built: Built) -> None:
        self.lives += built.lives
        self.releases += built.releases
        self.files |= built.files
        self.values |= built.values
        self.whole &= built.whole

    def _check_circle(self, path: str, item: Cursor) -> None:
        if path in self.stack:
            circle = (*self.stack[self.stack.index(path) :], path)
            raise KustomizeCycleError(circle, item.location)


def _with_name(live: EffectiveImage, prefix: str, suffix: str) -> EffectiveImage:
    resource, release = (
        owner and _named(owner, prefix, suffix) for owner in (live.resource, live.release)
    )
    return replace(live, resource=resource, release=release)


def _named(resource: ImageOwner, prefix: str, suffix: str) -> ImageOwner:
    newest = f"{prefix}{resource.names[-1]}{suffix}"
    return replace(resource, names=tuple(dict.fromkeys((*resource.names, newest))))


def _through(live: EffectiveImage, path: str) -> EffectiveImage:
    if not live.reachable:
        return live
    layer = Layer(kustomization=path, name=live.spelling.name)
    return replace(live, layers=(*live.layers, layer))


def _reached(live: EffectiveImage, specs: Iterable[Cursor]) -> EffectiveImage:
    """The image, within reach of `images` where a field of the configuration is its own."""
    if live.reachable or live.resource is None:
        return live
    ways = [way for role, way in live.fields if role == "reference"]
    ways += (
        [(*live.listed, "image")] if live.listed[-1:] and live.listed[-1] in CONTAINER_LISTS else []
    )
    written = {"/".join(str(step) for step in way if isinstance(step, str)) for way in ways}
    for spec in specs:
        path = spec.say("path").replace("[]", "").strip("/")
        kinds = {"", live.resource.kind}
        groups = {"", live.resource.group}
        if path in written and spec.say("kind") in kinds and spec.say("group") in groups:
            return replace(live, reachable=True)
    return live


def _doubted(live: EffectiveImage, document: Cursor) -> EffectiveImage:
    """The image after a transformer that is a program: what it does is not known."""
    name = (live.repository or "").rpartition("/")[2]
    texts = (here.text or "" for here in document.walk())
    doubt = Untraced(
        file=document.file,
        line=document.line,
        what=f"the transformer {document.say('kind')} runs over the image and is not evaluated",
        fix="set the image there by hand, or let an `images` entry of kustomize set it",
    )
    if name and any(name in text for text in texts):
        return replace(live, untraced=doubt)
    return replace(live, doubts=(*live.doubts, doubt))


# A symbolic kustomize: it builds no manifests, only what becomes of each image and who says so.

_REFERENCES = ("resources", "bases", "components", "transformers", "generators")


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
            values=frozenset(found.values),
            whole=found.whole,
            releases=found.releases,
        )

    def follow(self, folder: str, file: str, additions: kustomize.Additions) -> Built | None:
        """What Flux or Argo CD build from a folder; None where that leads back to the asker."""
        inside = not folder or file.startswith(f"{folder}/")
        if inside or folder in self._followed or not self.source.is_folder(folder):
            return None
        self._followed.append(folder)
        try:
            path = self.source.kustomization(folder)
            if path is None:
                plain = self._without_kustomization(folder, flat=additions.flat)
                return self._added(folder, plain, additions) if additions.any else plain
            return (
                self.layer(path, Built(), (folder,), additions)
                if additions.any
                else (self.build(folder))
            )
        finally:
            self._followed.pop()

    def plain(self, folder: str, paths: Iterable[str]) -> Built:
        """What Flux takes of a folder without kustomization: kustomizations and other files."""
        listed = tuple(paths)
        built = {folder_of(path): Uses() for path in listed if self.is_kustomization(path)}
        roots = find_roots(listed, built, top=folder)
        parts = [self.build(one) for one in roots.kustomizations]
        loose = (path for path in roots.files if self.source.is_relevant(path))
        return joined([*parts, *(self.file(path) for path in loose)])

    def _without_kustomization(self, folder: str, *, flat: bool) -> Built:
        below = self.source.below(folder)
        if not flat:
            return self.plain(folder, below)
        direct = (path for path in below if folder_of(path) == folder)
        return joined([self.file(path) for path in direct if self.source.is_relevant(path)])

    def uses(self, paths: Iterable[str]) -> Mapping[str, Uses]:
        """What each kustomization among the files refers to, by its folder."""
        return {
            folder_of(path): Uses(
                targets=frozenset(self.references(path)), component=self._is_component(path)
            )
            for path in paths
            if self.is_kustomization(path)
        }

    def _is_component(self, path: str) -> bool:
        return any(top.say("kind") == "Component" for top in self.source.documents(path)[:1])

    def _added(self, folder: str, below: Built, additions: kustomize.Additions) -> Built:
        """What a generated kustomization makes of a folder that has none."""
        return Overlay(
            self, None, folder=folder, below=below, stack=(folder,), additions=additions
        ).built()

    def is_kustomization(self, path: str) -> bool:
        """Whether it is the kustomization file of its folder."""
        return self.source.kustomization(folder_of(path)) == path

    def references(self, path: str) -> Iterator[str]:
        """The folders and files a kustomization builds on directly, in this repository."""
        for top in self.source.documents(path, whole=True)[:1]:
            for key in _REFERENCES:
                for item in items(top.get(key)):
                    target = resolved(self.source, folder_of(path), item)
                    if target is not None:
                        yield target

    def resources(self, folder: str) -> Iterator[str]:
        """The files that the kustomization in a folder lists, through others too."""
        waiting, seen = [folder], {folder}
        while waiting:
            path = self.source.kustomization(waiting.pop())
            for target in self.references(path) if path else ():
                if target not in seen:
                    seen.add(target)
                    if self.source.is_folder(target):
                        waiting.append(target)
                    else:
                        yield target

    def layer(
        self,
        path: str,
        below: Built,
        stack: tuple[str, ...],
        additions: kustomize.Additions | None = None,
    ) -> Built:
        """What one kustomization makes of the images below it (a component's: of its user's)."""
        for top in self.source.documents(path, whole=True)[:1]:
            return Overlay(
                self, top, folder=folder_of(path), below=below, stack=stack, additions=additions
            ).built()
        return replace(below, files=below.files | {path}, whole=False)

    def missing(self, path: str) -> Built:
        """What is referred to and was not read; a folder outside those read is noted."""
        if not self.source.covers(path):
            self.source.unread.add(path)
        return Built(files=frozenset({path}), whole=False)
