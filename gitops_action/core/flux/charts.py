"""Charts from Git that Flux does not release again although they changed."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Manifest

_GROUPS = {"HelmRelease": "helm.toolkit.fluxcd.io", "HelmChart": "source.toolkit.fluxcd.io"}
_SPECS = {"HelmRelease": ("spec", "chart", "spec"), "HelmChart": ("spec",)}
_DEFAULT = "ChartVersion"
"""HelmChart API: a chart is packaged anew only when its version changes."""


def stale_charts(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """A note for each chart that is read from Git by its version alone."""
    return tuple(
        f"{manifest.id} reads its chart from a GitRepository with `reconcileStrategy:"
        " ChartVersion`: a commit that changes the chart's files but not the version in its"
        " Chart.yaml is not released. Set `reconcileStrategy: Revision`"
        for manifest in manifests
        if _by_version(manifest)
    )


def _by_version(manifest: Manifest) -> bool:
    kind = manifest.id.kind
    if _GROUPS.get(kind) != manifest.id.group:
        return False
    spec = _SPECS[kind]
    strategy = text(manifest.body, *spec, "reconcileStrategy") or _DEFAULT
    return text(manifest.body, *spec, "sourceRef", "kind") == "GitRepository" and (
        strategy == _DEFAULT
    )
