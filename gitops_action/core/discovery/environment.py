"""What an environment describes: its files, its images, and the place that settles each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from gitops_action.core.config import (
    Config,
    Environment,
    application_of,
    owners_of_image,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor, KustomizeCycleError
from gitops_action.core.discovery.image import EffectiveImage, Spot
from gitops_action.core.discovery.kinds import argocd, flux, markers
from gitops_action.core.discovery.kinds.workloads import is_manifest, manifests
from gitops_action.core.discovery.overlay import Built, Walker
from gitops_action.core.discovery.relevance import steers
from gitops_action.core.discovery.scan import without_values
from gitops_action.core.discovery.source import Source, folder_of
from gitops_action.core.images import ImageReference, ImageReferenceError
from gitops_action.core.rendering.deployers import source_path
from gitops_action.core.rendering.roots import find_roots, is_inside
from gitops_action.core.repository import Snapshot
from gitops_action.errors import GitOpsError, GitOpsErrors


@dataclass(frozen=True, kw_only=True)
class DiscoveredImages:
    """One environment as its files describe it.

    Attributes:
        lives: its images, as rendered, with the root each was reached from.
        files: its input closure.
        lone: tags that stand beside no repository.
        unresolved: marked scalars whose policy leads to no repository.
        marks: every marked scalar.
        recognised: the lines (file and number) on which a rule found something.
        reached: by root, the files that it is built from.
    """

    lives: tuple[EffectiveImage, ...]
    files: frozenset[str]
    lone: tuple[Spot, ...] = ()
    unresolved: tuple[Spot, ...] = ()
    marks: tuple[markers.MarkedScalar, ...] = ()
    recognised: frozenset[tuple[str, int]] = frozenset()
    reached: Mapping[str, frozenset[str]] = field(default_factory=dict)


class ImageDiscovery:
    """Looks at the environments of one repository; what they share is read once."""

    def __init__(self, source: Source) -> None:
        """Look at this repository."""
        self.source = source
        self.walker = Walker(source)

    def closure(self, environment: Environment) -> frozenset[str]:
        """Every file an environment stands on: its folder's, and those its kustomizations name."""
        own = self._own(environment)
        parts = [built for _, built in self._roots(environment, own)]
        return frozenset(own).union(*(built.files for built in parts))

    def discovered(self, environment: Environment) -> DiscoveredImages:
        """Everything about one environment."""
        own = self._own(environment)
        roots = self._roots(environment, own)
        settled = frozenset(path for _, built in roots for path in built.values)
        lives = [
            replace(live, root=path)
            for path, built in roots
            for live in without_values(built.lives, settled)
        ]
        files = frozenset(own).union(*(built.files for _, built in roots))
        found = tuple(self._marks(files))
        policies = flux.policy_repositories(self._policies(files))
        marked = [
            replace(live, root=live.version.main.file)
            for live in markers.marked_lives(found, policies)
        ]
        lives += [live for live in marked if not self._is_known(live, lives)]
        return DiscoveredImages(
            lives=tuple(lives),
            files=files,
            lone=tuple(self.walker.scanner.lone),
            unresolved=tuple(mark.spot for mark in markers.unresolved(found, policies)),
            marks=found,
            recognised=frozenset(
                (*self.walker.scanner.lines, *((mark.spot.file, mark.spot.line) for mark in found))
            ),
            reached={path: frozenset(built.files) for path, built in roots},
        )

    def _own(self, environment: Environment) -> tuple[str, ...]:
        below = self.source.below(environment.root)
        return tuple(path for path in below if environment.contains(path))

    def _roots(self, environment: Environment, own: tuple[str, ...]) -> list[tuple[str, Built]]:
        """What each part of the environment comes to that nothing else builds on."""
        claimed = frozenset(self._claims(own))
        folders: dict[str, list[str]] = {}
        for path in own:
            folders.setdefault(_folder(environment, path), []).append(path)
        roots: list[tuple[str, Built]] = []
        for folder, paths in folders.items():
            roots += self._folder_roots(folder, paths, claimed)
        return roots

    def _folder_roots(
        self, folder: str, paths: list[str], claimed: frozenset[str]
    ) -> list[tuple[str, Built]]:
        found = find_roots(paths, self.walker.uses(paths), top=folder, claimed=claimed)
        tops = [self.source.kustomization(one) for one in found.kustomizations]
        roots = [(path, self._guarded(path)) for path in tops if path]
        covered = frozenset(file for _, built in roots for file in built.files)
        left = (path for path in found.files if path not in covered)
        loose = [path for path in left if self.source.is_relevant(path)]
        seen: set[str] = set()
        for path in loose:
            if path not in seen:
                built = self.walker.file(path)
                seen |= built.files - set(loose)
                roots.append((path, built))
        return roots

    def _guarded(self, path: str) -> Built:
        try:
            return self.walker.build(folder_of(path))
        except GitOpsError as error:
            self.source.fail(path, error)
            circle = error.folders if isinstance(error, KustomizeCycleError) else ()
            known = (self.source.kustomization(folder) for folder in circle)
            return Built(files=frozenset({path, *(file for file in known if file)}), whole=False)

    def _claims(self, own: Iterable[str]) -> Iterator[str]:
        """Folders that an object of Flux or Argo CD builds, so that it is their root."""
        steering = (path for path in own if steers(self.source.data(path)))
        for path, manifest in self._objects(steering):
            for item in _built_paths(manifest, self.source):
                folder = source_path(item.text or "")
                holds = folder is None or is_inside(folder_of(path), (folder,))
                if folder and not holds and self.source.is_folder(folder):
                    yield folder

    def _objects(self, paths: Iterable[str]) -> Iterator[tuple[str, Cursor]]:
        for path in paths:
            for document in self.source.documents(path) if self.source.has(path) else ():
                if is_manifest(document):
                    for manifest in manifests(document):
                        yield path, manifest

    def _marks(self, files: frozenset[str]) -> Iterator[markers.MarkedScalar]:
        for path in sorted(files):
            if self.source.has(path) and any(m in self.source.data(path) for m in markers.BYTES):
                for document in self.source.documents(path):
                    yield from markers.marks(document)
                    for spot in markers.unread(document):
                        reason = "a marker in a text that is not YAML: edit it by hand"
                        self.source.skip(path, spot.line, reason)

    def _policies(self, files: frozenset[str]) -> Iterator[Cursor]:
        named = flux.IMAGE_GROUP.encode()
        holding = (p for p in sorted(files) if self.source.has(p) and named in self.source.data(p))
        return (manifest for _, manifest in self._objects(holding))

    def _is_known(self, marked: EffectiveImage, lives: Iterable[EffectiveImage]) -> bool:
        """Whether the marked scalar is part of an image that was recognised without the mark."""
        key = marked.version.main.key
        known = self.walker.scanner.known.get(key, set())
        return marked.repository in known or any(
            live.repository == marked.repository and live.version.main.key == key for live in lives
        )


def application_of_live(
    live: EffectiveImage, environment: Environment, config: Config
) -> str | None:
    """The application an image belongs to; the first of several that share it."""
    folder = _folder_of_live(live, environment, config)
    owners = owners_of_image(live.repository or "", folder, config.applications)
    return owners[0] if owners else None


def _folder_of_live(live: EffectiveImage, environment: Environment, config: Config) -> str | None:
    """The application whose folder it is in: of its root, its layers, the file that settles it."""
    files = [live.root, *(layer.kustomization for layer in reversed(live.layers))]
    files += [live.version.main.file, live.naming.main.file]
    named = (application_of(file, environment, config) for file in files)
    found = next((name for name in named if name), None)
    return found or _declared(files, config)


def _declared(files: Iterable[str], config: Config) -> str | None:
    """The declared application whose name is one of the folders, outside of the environment too."""
    folders = {part for file in files for part in file.split("/")[:-1]}
    return next((item.name for item in config.applications if item.name in folders), None)


def _built_paths(manifest: Cursor, here: Source) -> Iterator[Cursor]:
    if flux.is_kustomization(manifest):
        path = flux.built_path(manifest, here.flux_sources)
        if path:
            yield path
    elif argocd.is_application(manifest):
        for source in argocd.sources(manifest):
            path = source.path(here.repository, here.branch)
            if path:
                yield path


def _folder(environment: Environment, path: str) -> str:
    """The folder of an environment that a file lies in: one of several with `{application}`."""
    if not environment.path:
        return ""
    return "/".join(path.split("/")[: len(environment.path.split("/"))])


# The images an environment describes now, for comparing, promoting and telling.


@dataclass(frozen=True, kw_only=True)
class ImageUse:
    """One image of an environment, as it is rendered, and the place that settles its version.

    `name` is the spelling in the files, `repository` the normalised one.
    """

    environment: str
    application: str | None
    repository: str
    name: str
    tag: str | None
    digest: str | None
    file: str
    line: int
    path: str
    rule: str

    @property
    def reference(self) -> ImageReference | None:
        """The whole reference; None when its tag or digest is none (a placeholder)."""
        try:
            return ImageReference(name=self.name, tag=self.tag, digest=self.digest)
        except ImageReferenceError:
            return None


def images_in(
    *,
    snapshot: Snapshot,
    environment: Environment,
    config: Config,
    repository: str = "",
    branch: str = "",
) -> tuple[ImageUse, ...]:
    """What an environment describes now, each application, image and place once.

    `repository` (OWNER/NAME) and `branch` say which sources of controllers are this repository.

    Raises:
        GitOpsError: files of the environment do not parse (GitOpsErrors: several).
    """
    source = Source(snapshot=snapshot, repository=repository, branch=branch)
    discovered = ImageDiscovery(source).discovered(environment)
    raise_errors(source, discovered.files)
    return uses_of(discovered, environment, config)


def uses_of(
    discovered: DiscoveredImages, environment: Environment, config: Config
) -> tuple[ImageUse, ...]:
    """The uses in a survey; entries that reach no image are left out."""
    found: dict[ImageUse, None] = {}
    for live in discovered.lives:
        if live.repository is None or live.dead:
            continue
        spot = live.version.main
        use = ImageUse(
            environment=environment.name,
            application=application_of_live(live, environment, config),
            repository=live.repository,
            name=live.spelling.name,
            tag=live.spelling.tag or None,
            digest=live.spelling.digest or None,
            file=spot.file,
            line=spot.line,
            path=spot.at,
            rule=live.version.rule,
        )
        found.setdefault(use)
    return tuple(sorted(found, key=lambda use: (use.repository, use.file, use.line, use.path)))


def application_folders(
    discovered: DiscoveredImages, environment: Environment, config: Config
) -> Mapping[str, tuple[str | None, ...]]:
    """By repository, the applications whose folders describe its images; None for no folder."""
    found: dict[str, dict[str | None, None]] = {}
    for live in discovered.lives:
        if live.repository is not None and not live.dead:
            folder = _folder_of_live(live, environment, config)
            found.setdefault(live.repository, {})[folder] = None
    return {repository: tuple(folders) for repository, folders in found.items()}


def raise_errors(source: Source, files: frozenset[str]) -> None:
    """Raise what is wrong with the files of an environment, all of it at once.

    Raises:
        GitOpsError: one file is wrong.
        GitOpsErrors: several are.
    """
    errors: tuple[GitOpsError, ...] = tuple(
        error for file, error in sorted(source.errors.items()) if file in files
    )
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Files of the environment cannot be read", errors)
