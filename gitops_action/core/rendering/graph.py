"""What a kustomization stands on, looked through before anything runs.

kustomize reports one mistake at a time and by its own paths; here each has file and line, all in
one go. And nothing that leaves the repository is handed to a program that would follow it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.core.kustomize import KUSTOMIZATION_NAMES, is_remote
from gitops_action.core.manifests.model import ManifestError
from gitops_action.core.rendering.kustomization import (
    KustomizationFile,
    Reference,
    Text,
    read_kustomization,
)
from gitops_action.core.rendering.layout import RepositoryLayout, join
from gitops_action.core.repository import SYMLINK, RepositoryFile
from gitops_action.errors import GitOpsError, GitOpsErrors, Location

# What can keep a folder from being rendered.


class RenderError(GitOpsError):
    """A folder, or one file of it, cannot be rendered."""


class RemoteBaseError(RenderError):
    """A kustomization builds on something outside of the repository, which is not allowed."""


class LinkError(RenderError):
    """A symbolic link leads out of the repository, or to nothing in it."""


@dataclass(kw_only=True)
class Graph:
    """What a folder's kustomization comes to stand on.

    Attributes:
        problems: what keeps it from being rendered.
        kustomizations: those that are built on, the folder's own first.
        resources: the plain files among the resources.
        outside: references to files beside or above the kustomization that names them; kustomize
            reads those only when its load restrictions are off, as they are in Flux.
        remote: references to something outside of the repository.
    """

    problems: list[GitOpsError] = field(default_factory=list)
    kustomizations: list[KustomizationFile] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    outside: list[Reference] = field(default_factory=list)
    remote: list[Reference] = field(default_factory=list)


def layout_of(files: Mapping[str, RepositoryFile]) -> RepositoryLayout:
    """The names of files, and where the links among them lead."""
    links = {path: file for path, file in files.items() if file.mode == SYMLINK}
    targets = {path: file.data.decode(errors="replace") for path, file in links.items()}
    return RepositoryLayout(files, targets)


def kustomization_of(folder: str, layout: RepositoryLayout) -> tuple[str, ...]:
    """The kustomization files of a folder; kustomize wants exactly one."""
    names = (f"{folder}/{name}" if folder else name for name in KUSTOMIZATION_NAMES)
    return tuple(path for path in names if layout.is_file(path))


def look_through(
    folder: str,
    files: Mapping[str, RepositoryFile],
    layout: RepositoryLayout,
    *,
    allow_remote: bool,
) -> Graph:
    """Follow a folder's kustomization through everything that it builds on."""
    walk = _Walk(files, layout, allow_remote=allow_remote)
    walk.folder(folder, (), None)
    walk.check_outside()
    return walk.graph


class _Walk:
    def __init__(
        self, files: Mapping[str, RepositoryFile], layout: RepositoryLayout, *, allow_remote: bool
    ) -> None:
        self.graph = Graph()
        self._files = files
        self._layout = layout
        self._allow_remote = allow_remote
        self._seen: set[str] = set()

    def folder(self, folder: str, above: tuple[str, ...], by: Reference | None) -> None:
        """Look through the kustomization of a folder that is used by `by`."""
        circle = [name for name in above if _holds(folder, name)]
        if circle and by:
            self._circle((*above[above.index(circle[0]) :], folder), by)
            return
        if folder in self._seen:
            return
        self._seen.add(folder)
        found = kustomization_of(folder, self._layout)
        if len(found) != 1:
            self._not_one(folder, found, by)
            return
        way = self._layout.follow("", found[0])
        file = self._files.get(way.path or "")
        if file is None:
            self._problem(
                LinkError,
                f"{found[0]} is a link that leads nowhere in the repository",
                "make it a file, or link to one",
                Location(file=found[0]),
            )
            return
        try:
            kustomization = read_kustomization(found[0], file.data)
        except ManifestError as error:
            self.graph.problems.append(error)
            return
        self.graph.kustomizations.append(kustomization)
        for reference in kustomization.references():
            self._reference(reference, kustomization.folder, (*above, folder))

    def check_outside(self) -> None:
        """Refuse what could make open load restrictions lead out of the repository unseen."""
        if not self.graph.outside:
            return
        first = self.graph.outside[0]
        plugins = [place for item in self.graph.kustomizations for place in item.plugins]
        if plugins:
            self._problem(
                RenderError,
                f"{first.path!r} lies outside of its kustomization's folder, beside plugins",
                f"move it below the folder, or do without the plugin at {plugins[0]}",
                first.location,
                "files elsewhere are only read where nothing but kustomizations names files",
            )
        for kustomization in self.graph.kustomizations:
            if kustomization.tagged:
                self._problem(
                    RenderError,
                    "kustomization has YAML tags beside references that leave its folder",
                    "write the value without a tag",
                    Location(file=kustomization.path),
                )

    def _reference(self, reference: Reference, folder: str, above: tuple[str, ...]) -> None:
        way = self._layout.follow(folder, reference.path)
        path = way.path
        exists = path is not None and (self._layout.is_file(path) or self._layout.is_folder(path))
        if reference.role == "charts" and path is not None:
            self._beside(path, reference, folder)
        elif path is not None and self._layout.is_file(path):
            self._file(path, reference, folder)
        elif path is not None and reference.role != "file" and self._layout.is_folder(path):
            self.folder(path, above, reference)
        elif is_remote(reference.path, exists=exists):
            self._remote(reference)
        elif path is None:
            self._leaves(reference, way.links)
        else:
            self._nowhere(reference, path)

    def _file(self, path: str, reference: Reference, folder: str) -> None:
        if reference.role == "component":
            self._problem(
                RenderError,
                f"component {reference.path!r} is a file",
                "name the folder that its kustomization is in",
                reference.location,
            )
        if reference.role == "resource":
            self.graph.resources.append(path)
        self._beside(path, reference, folder)

    def _beside(self, path: str, reference: Reference, folder: str) -> None:
        """Note what kustomize would not read of its own accord."""
        if not _holds(folder, path):
            self.graph.outside.append(reference)

    def _remote(self, reference: Reference) -> None:
        self.graph.remote.append(reference)
        if not self._allow_remote:
            self._problem(
                RemoteBaseError,
                f"{reference.path!r} is outside of the repository and is not followed",
                "copy it into the repository, or allow it by `validate.remote-bases: true`",
                reference.location,
                "what a remote base holds can change without a pull request here",
            )

    def _leaves(self, reference: Reference, links: tuple[str, ...]) -> None:
        through = f", through the link {links[-1]}" if links else ""
        self._problem(
            LinkError if links else RenderError,
            f"{reference.path!r} leaves the repository{through}",
            "refer to something inside of the repository",
            reference.location,
        )

    def _nowhere(self, reference: Reference, path: str) -> None:
        what = "is a folder, not a file" if self._layout.is_folder(path) else "is not there"
        self._problem(
            RenderError,
            f"{reference.path!r} {what}",
            "correct the path, or add the file",
            reference.location,
            f"looked for {path or 'the repository itself'}",
        )

    def _not_one(self, folder: str, found: tuple[str, ...], by: Reference | None) -> None:
        place = by.location if by else Location(file=found[0] if found else folder or ".")
        shown = folder or "the repository's top folder"
        if found:
            self._problem(
                RenderError,
                f"{shown} has several kustomization files: {', '.join(found)}",
                "keep one of them",
                place,
            )
        else:
            self._problem(
                RenderError,
                f"{shown} has no kustomization.yaml",
                "add one, or name its files one by one",
                place,
            )

    def _circle(self, circle: tuple[str, ...], by: Reference) -> None:
        self._problem(
            RenderError,
            f"kustomizations build on each other: {' → '.join(name or '.' for name in circle)}",
            "remove one of the references",
            by.location,
            "a kustomization can neither use itself nor a folder that it lies in",
        )

    def _problem(
        self, kind: type[RenderError], title: str, fix: str, place: Location, cause: str = ""
    ) -> None:
        self.graph.problems.append(kind(title, cause=cause, fix=fix, location=place))


def _holds(folder: str, path: str) -> bool:
    """Whether a path is the folder or lies below it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


# Helm charts that kustomizations ask for.

_NAMES: Mapping[tuple[str | int, str | int], str] = {
    ("helmcharts", "name"): "version",
    ("helmchartinflationgenerator", "chartname"): "chartversion",
}
"""The fields that name a chart, with those of its version."""

_CHART_HOME = "charts"
"""Where kustomize looks for charts unless `helmGlobals.chartHome` says otherwise."""


_PLUGIN = b"HelmChartInflationGenerator"
_CHART_FIELDS = ("helmcharts", "helmchartinflationgenerator", "helmglobals")


def inflation_plugins(
    kustomization: KustomizationFile, files: Mapping[str, RepositoryFile]
) -> tuple[Text, ...]:
    """The generators of a kustomization, files or inline, that are kustomize's own for charts."""
    found = []
    for text in kustomization.texts:
        if len(text.folded) == 2 and text.folded[0] == "generators":  # noqa: PLR2004 - list, index
            path = join(kustomization.folder, text.value)
            file = files.get(path) if path else None
            if _PLUGIN in (file.data if file else text.value.encode()):
                found.append(text)
    return tuple(found)


def without_charts(body: Mapping[str, object], plugins: Collection[Text]) -> bytes:
    """A kustomization without its Helm charts, for where there is no helm to render them."""
    left_out = {plugin.value for plugin in plugins}
    kept = {key: item for key, item in body.items() if key.casefold() not in _CHART_FIELDS}
    for key, item in kept.items():
        if key.casefold() == "generators" and isinstance(item, list):
            kept[key] = [one for one in item if one not in left_out]
    if not {key.casefold() for key in kept} - {"apiversion", "kind"}:
        kept["resources"] = []  # kustomize refuses a file that says nothing at all
    return json.dumps(kept, ensure_ascii=False).encode()


def local_charts(kustomization: KustomizationFile, layout: RepositoryLayout) -> None:
    """Make sure that every chart it asks for is in the repository.

    Raises:
        GitOpsErrors: one is not, and would be fetched.
    """
    missing = tuple(_missing(kustomization, layout))
    if missing:
        raise GitOpsErrors("charts are outside of the repository", missing)


def _missing(
    kustomization: KustomizationFile, layout: RepositoryLayout
) -> Iterator[RemoteBaseError]:
    said = {text.folded: text for text in kustomization.texts}
    home = said.get(("helmglobals", "charthome"))
    folder = home.value if home else _CHART_HOME
    for keys, text in said.items():
        version_key = _NAMES.get((keys[0], keys[2])) if len(keys) == 3 else None  # noqa: PLR2004 - a list's item
        if version_key is None:
            continue
        version = said.get((*keys[:2], version_key))
        names = [text.value, f"{text.value}-{version.value}/{text.value}" if version else ""]
        ways = [layout.follow(kustomization.folder, f"{folder}/{name}") for name in names if name]
        if not any(way.path and layout.is_file(f"{way.path}/Chart.yaml") for way in ways):
            yield RemoteBaseError(
                f"chart {text.value!r} is not in the repository",
                cause=f"looked for it in {folder} beside the kustomization",
                fix="vendor it there, or allow fetching by `validate.remote-bases: true`",
                location=Location(file=kustomization.path, line=text.line),
            )
