"""HelmReleases whose chart is in the repository, as Flux's helm-controller would install them.

From its API reference: the chart's path and value files count from the top of the source; later
value files win, then `valuesFrom` in order, then `values`; a release is named after its target
namespace and itself, and hooks run apart from the manifest.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Body, Manifest, ManifestError
from gitops_action.core.manifests.fields import items, mapping, text, texts
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering.helm_names import composed_name, namespace_name, release_name
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import RepositoryFile
from gitops_action.errors import Location

HELM_GROUP = "helm.toolkit.fluxcd.io"


@dataclass(frozen=True, kw_only=True)
class HelmRelease:
    """One release to render.

    Attributes:
        manifest: the HelmRelease.
        chart: the chart's folder in the repository.
        name: the release's name.
        namespace: where it is installed; empty where nothing says.
        values: everything that its values come to.
        notes: what of it is not rendered.
    """

    manifest: Manifest
    chart: str
    name: str
    namespace: str
    values: Body
    notes: tuple[str, ...] = field(default=())


def releases_in(
    manifests: Iterable[Manifest], files: Mapping[str, RepositoryFile], layout: RepositoryLayout
) -> tuple[HelmRelease, ...]:
    """The HelmReleases whose chart is among the files.

    Raises:
        ManifestError: a value file is not YAML.
        RenderError: a name is none that Helm would take.
    """
    every = list(manifests)
    found = []
    for manifest in every:
        chart = _chart(manifest, layout)
        if chart:
            found.append(_release(manifest, chart, every, files))
    return tuple(found)


def _chart(manifest: Manifest, layout: RepositoryLayout) -> str:
    """The chart's folder; empty where the release has none in this repository."""
    if (manifest.id.group, manifest.id.kind) != (HELM_GROUP, "HelmRelease"):
        return ""
    spec = mapping(manifest.body, "spec", "chart", "spec")
    if text(spec, "sourceRef", "kind") not in {"GitRepository", "Bucket"}:
        return ""
    path = layout.follow("", text(spec, "chart")).path
    return path if path and layout.is_file(f"{path}/Chart.yaml") else ""


def _release(
    manifest: Manifest, chart: str, every: list[Manifest], files: Mapping[str, RepositoryFile]
) -> HelmRelease:
    spec = mapping(manifest.body, "spec")
    target = text(spec, "targetNamespace")
    released = text(spec, "releaseName") or composed_name(target, manifest.id.name)
    values: Body = {}
    notes = []
    for name in texts(spec, "chart", "spec", "valuesFiles"):
        values = merge_values(values, _value_file(name, files))
    for reference in items(spec, "valuesFrom"):
        held = _held(reference, manifest, every)
        if held is None:
            notes.append(f"{manifest.id}: values from {_named(reference)} are not in the render")
        else:
            values = merge_values(values, held)
    if items(spec, "postRenderers"):
        notes.append(f"{manifest.id}: its postRenderers are not applied to what is shown")
    return HelmRelease(
        manifest=manifest,
        chart=chart,
        name=release_name(released, manifest.origin),
        namespace=namespace_name(target or manifest.id.namespace, manifest.origin),
        values=merge_values(values, mapping(spec, "values")),
        notes=tuple(notes),
    )


def merge_values(below: Body, above: Body) -> Body:
    """Values over values, as Helm does: mappings key by key, everything else replaced.

    A null stays, for Helm takes away a chart's own value by it.
    """
    merged = dict(below)
    for key, item in above.items():
        under = merged.get(key)
        if isinstance(item, Mapping) and isinstance(under, Mapping):
            merged[key] = merge_values(under, item)
        else:
            merged[key] = item
    return merged


def _value_file(name: str, files: Mapping[str, RepositoryFile]) -> Body:
    path = posixpath.normpath(name)
    file = files.get(path)
    if file is None:
        raise ManifestError(
            f"value file {name!r} is not in the repository",
            fix="correct spec.chart.spec.valuesFiles; paths count from the repository's top",
            location=Location(file=path),
        )
    return _mapping_of(path, file.data)


def _held(reference: Body, release: Manifest, every: list[Manifest]) -> Body | None:
    """The values of a ConfigMap of the same render; None for what is secret or not there."""
    if text(reference, "kind") != "ConfigMap" or text(reference, "targetPath"):
        return None
    name, key = text(reference, "name"), text(reference, "valuesKey") or "values.yaml"
    for manifest in every:
        same = (manifest.id.kind, manifest.id.name) == ("ConfigMap", name)
        if same and manifest.id.namespace == release.id.namespace:
            held = text(manifest.body, "data", key)
            return _mapping_of(manifest.origin.file if manifest.origin else name, held.encode())
    return None


def _mapping_of(path: str, data: bytes) -> Body:
    documents = read_documents(path, data)
    return mapping(documents[0].value) if documents else {}


def _named(reference: Body) -> str:
    return f"{text(reference, 'kind')} {text(reference, 'name')}"
