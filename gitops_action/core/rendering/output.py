"""What `kubectl kustomize` prints, as objects with the files they came from."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache
from threading import Lock

from gitops_action.core.dataclass import dataclass
from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.manifests import (
    Body,
    Manifest,
    ManifestError,
    ObjectId,
    manifest_of,
    read_manifests,
)
from gitops_action.core.manifests.fields import text, value
from gitops_action.core.manifests.model import NoObjectError
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering.deployers import BuildSettings
from gitops_action.core.rendering.graph import LinkError, RenderError
from gitops_action.core.rendering.kustomization import KustomizationFile, read_kustomization
from gitops_action.core.rendering.layout import (
    Ignore,
    RepositoryLayout,
    folder_of,
    is_hidden,
    name_of,
)
from gitops_action.core.rendering.roots import Roots, Uses, find_roots
from gitops_action.core.repository import RepositoryFile
from gitops_action.errors import GitOpsError, Location

ORIGIN_ANNOTATION = "config.kubernetes.io/origin"
"""Where kustomize writes an object's file, when it is asked to by `originAnnotations`."""

_SEPARATOR = b"\n---\n"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One object as it was printed: `origin` is what kustomize said of it."""

    manifest: Manifest
    origin: str


class OutputReader:
    """Reads outputs; what was printed before, word for word, is not read again.

    Both sides of a change print nearly the same. Threads may share a reader; one reads at a time,
    so that none repeats what another has begun.
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[tuple[bytes, bool], tuple[Printed, ...]] = {}
        self._lock = Lock()

    def read(self, folder: str, output: bytes, *, strip: bool) -> tuple[Manifest, ...]:
        """The objects of an output.

        Args:
            folder: the folder that was rendered; origins are relative to it.
            output: what was printed.
            strip: whether the origins are there only because we asked for them.

        Raises:
            ManifestError: an object is none.
        """
        return tuple(
            Manifest(
                id=printed.manifest.id,
                version=printed.manifest.version,
                body=printed.manifest.body,
                origin=Location(file=_origin(folder, printed.origin)),
            )
            for document in _documents(output)
            for printed in self._printed(document, strip=strip)
        )

    def _printed(self, document: bytes, *, strip: bool) -> tuple[Printed, ...]:
        with self._lock:
            found = self._known.get((document, strip))
            if found is None:
                found = tuple(_read(document, strip=strip))
                self._known[document, strip] = found
            return found


def _documents(output: bytes) -> Iterator[bytes]:
    """The documents; text inside of them is indented, so that no line of it is the separator."""
    yield from output.removesuffix(b"\n").split(_SEPARATOR)


def _read(document: bytes, *, strip: bool) -> Iterator[Printed]:
    for found in read_documents("", document):
        try:
            manifest = manifest_of(found.value, Location(file=""))
        except ManifestError as error:
            raise ManifestError(error.title, cause=error.cause, fix=error.fix) from None
        origin = text(manifest.body, "metadata", "annotations", ORIGIN_ANNOTATION)
        body = _without_origin(manifest.body) if strip else manifest.body
        yield Printed(manifest=replace(manifest, body=body), origin=origin)


def _without_origin(body: Body) -> Body:
    metadata = value(body, "metadata")
    if not isinstance(metadata, Mapping):
        return body
    kept = dict(metadata)
    annotations = kept.get("annotations")
    if not isinstance(annotations, Mapping) or ORIGIN_ANNOTATION not in annotations:
        return body
    own = {key: item for key, item in annotations.items() if key != ORIGIN_ANNOTATION}
    kept["annotations"] = own
    if not own:
        del kept["annotations"]
    return {**body, "metadata": kept}


@lru_cache(maxsize=4096)
def _origin(folder: str, said: str) -> str:
    """The file that kustomize names; the folder where it names none or one of elsewhere."""
    try:
        documents = read_documents("", said.encode())
    except ManifestError:
        return folder
    facts = documents[0].value if documents else None
    if not isinstance(facts, Mapping) or facts.get("repo"):
        return folder
    path = facts.get("path") or facts.get("configuredIn")
    return posixpath.normpath(posixpath.join(folder, path)) if isinstance(path, str) else folder


# What a folder without a kustomization comes to.

CHART_FILE = "Chart.yaml"
_YAML = (".yaml", ".yml")

Read = Callable[[str], bytes]
"""Gives the content of a file."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The parts of a folder: plain files, folders with a kustomization, and what is left out.

    `hidden` are files; `charts`, folders of Helm charts, whose templates are no objects.
    """

    files: tuple[str, ...]
    kustomizations: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()


def collect(
    folder: str, layout: RepositoryLayout, ignore: Ignore, read: Read, settings: BuildSettings
) -> Collected:
    """The parts of a folder that has no kustomization itself."""
    paths = [path for path in layout.below(folder) if not ignore.leaves_out(path)]
    prefix = len(folder) + 1 if folder else 0
    hidden = {path for path in paths if is_hidden(path[prefix:])}
    seen = [path for path in paths if path not in hidden]
    if settings.flat or settings.include or settings.exclude or settings.recursive:
        return _listed(folder, seen, settings)
    charts: set[str] = set()
    if settings.generated:
        roots = _generated(folder, seen)
    else:
        charts = {folder_of(path) for path in seen if name_of(path) == CHART_FILE} - {folder}
        roots = _own(folder, seen, layout, read, settings, charts=charts)
    return Collected(
        files=tuple(path for path in roots.files if path.endswith(_YAML)),
        kustomizations=roots.kustomizations,
        hidden=tuple(sorted(path for path in hidden if path.endswith(_YAML))),
        charts=tuple(sorted(charts)),
    )


def uses_of(kustomization: KustomizationFile, layout: RepositoryLayout) -> Uses:
    """The folders and files of the repository that a kustomization refers to."""
    ways = (
        layout.follow(kustomization.folder, reference.path)
        for reference in kustomization.references()
        if reference.role != "charts"
    )
    kinds = (text.value for text in kustomization.texts if text.folded == ("kind",))
    return Uses(
        targets=frozenset(way.path for way in ways if way.path is not None),
        component="Component" in kinds,
    )


def _own(  # noqa: PLR0913 - what collecting takes, and the charts
    folder: str,
    seen: list[str],
    layout: RepositoryLayout,
    read: Read,
    settings: BuildSettings,
    *,
    charts: set[str],
) -> Roots:
    return find_roots(
        seen,
        {folder_of(path): _uses(path, layout, read) for path in seen if is_kustomization(path)},
        top=folder,
        claimed=settings.claimed,
        charts=charts,
    )


def _uses(path: str, layout: RepositoryLayout, read: Read) -> Uses:
    try:
        return uses_of(read_kustomization(path, read(path)), layout)
    except ManifestError:
        return Uses()  # it is rendered, and its mistake reported there


def _generated(folder: str, seen: Iterable[str]) -> Roots:
    paths = list(seen)
    built: Mapping[str, Uses] = {
        folder_of(path): Uses() for path in paths if is_kustomization(path)
    }
    return find_roots(paths, built, top=folder)


def _listed(folder: str, seen: Iterable[str], settings: BuildSettings) -> Collected:
    """The files that Argo CD takes of a folder; it reads no kustomization below it."""
    taken = (
        path
        for path in seen
        if path.endswith((*_YAML, ".json")) and _is_taken(folder, path, settings)
    )
    return Collected(files=tuple(taken), kustomizations=())


def _is_taken(folder: str, path: str, settings: BuildSettings) -> bool:
    below = path[len(folder) + 1 :] if folder else path
    if settings.flat and "/" in below:
        return False
    if settings.include and not any(fnmatchcase(below, one) for one in _globs(settings.include)):
        return False
    return not any(fnmatchcase(below, one) for one in _globs(settings.exclude))


def _globs(pattern: str) -> Iterator[str]:
    """A glob, `{a,b}` written out once."""
    head, opened, rest = pattern.partition("{")
    inner, closed, tail = rest.partition("}")
    if opened and closed:
        yield from (f"{head}{one}{tail}" for one in inner.split(","))
    elif pattern:
        yield pattern


# The objects of a folder's parts together, each once.


def merge_manifests(
    manifests: Iterable[Manifest], *, separate: bool = False
) -> tuple[tuple[Manifest, ...], tuple[RenderError, ...]]:
    """The objects in canonical order, and a problem for each that is there a second time.

    `separate`: files may be alternatives, for no configuration says what is deployed.
    """
    kept: dict[tuple[ObjectId, str, str], Manifest] = {}
    problems: list[RenderError] = []
    for manifest in manifests:
        file = manifest.origin.file if separate and manifest.origin else ""
        first = kept.setdefault((manifest.id, manifest.cluster, file), manifest)
        if first is not manifest:
            problems.append(twice(first, manifest))
    return tuple(kept[key] for key in sorted(kept)), tuple(problems)


def twice(first: Manifest, second: Manifest) -> RenderError:
    """The problem of an object that two files describe."""
    return RenderError(
        f"{second.id} is described twice",
        cause=f"in {second.origin} and in {first.origin}",
        fix="remove one of the two, or name them differently",
        location=second.origin,
    )


# What rendering a folder gives.


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """The objects that an environment, or one folder of it, describes.

    Attributes:
        manifests: in canonical order, each in canonical form; none twice.
        problems: what could not be rendered; with one of them `manifests` is not the whole.
        notes: what a person should know.
        unrendered: charts that are not part of `manifests`, because there is no helm here.
    """

    manifests: tuple[Manifest, ...] = ()
    problems: tuple[GitOpsError, ...] = ()
    notes: tuple[str, ...] = ()
    unrendered: tuple[GitOpsError, ...] = ()


# The objects of plain files.


class SourceReader:
    """Reads the objects of files, of each content once: bases are shared, and sides are alike."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[tuple[str, bytes], tuple[Manifest, ...]] = {}
        self._lock = Lock()

    def read(self, file: RepositoryFile) -> tuple[Manifest, ...]:
        """The objects of a file; what is none of it is left out."""
        key = (file.path, file.data)
        with self._lock:
            if key not in self._known:
                self._known[key] = read_manifests(file.path, file.data).manifests
            return self._known[key]


def read_plain_files(
    paths: Iterable[str],
    files: Mapping[str, RepositoryFile],
    layout: RepositoryLayout,
    *,
    lenient: bool,
) -> Rendering:
    """The objects of these files; a file that is broken keeps none of the others back.

    `lenient` is for the whole repository, which holds other YAML as well: what is not an object (a
    tool's own file, a template) is passed over there.
    """
    manifests: list[Manifest] = []
    problems: list[GitOpsError] = []
    passed: list[str] = []
    for path in paths:
        file = files.get(layout.follow("", path).path or "")
        if file is None:
            problems.append(_broken_link(path))
            continue
        if lenient and not (b"apiVersion" in file.data and b"kind" in file.data):
            passed.append(path)
            continue
        parsed = read_manifests(path, file.data)
        manifests += parsed.manifests
        if lenient and parsed.problems and _is_no_object(parsed.problems, file.data):
            passed.append(path)
        else:
            problems += parsed.problems
    return Rendering(
        manifests=tuple(manifests),
        problems=tuple(problems),
        notes=tuple(_told(passed)),
    )


def _is_no_object(problems: Iterable[ManifestError], data: bytes) -> bool:
    """Whether a file is a template, or holds what no cluster takes: it was never meant for one."""
    from gitops_action.core.yaml.parse import looks_templated  # noqa: PLC0415 - costly, seldom needed

    return looks_templated(data) or all(isinstance(error, NoObjectError) for error in problems)


def _told(passed: list[str]) -> list[str]:
    if not passed:
        return []
    more = f" and {len(passed) - 1} more" if len(passed) > 1 else ""
    return [f"{passed[0]}{more}: passed over, for it holds no Kubernetes object"]


def _broken_link(path: str) -> LinkError:
    return LinkError(
        f"{path} is a link that leads nowhere in the repository",
        fix="make it a file, or link to one",
        location=Location(file=path),
    )
