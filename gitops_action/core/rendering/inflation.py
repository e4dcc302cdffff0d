"""Helm charts that kustomizations ask for."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.rendering.errors import RemoteBaseError
from gitops_action.core.rendering.kustomization import Kustomization
from gitops_action.core.rendering.layout import Layout
from gitops_action.errors import GitOpsErrors, Location

_CHART_HOME = "charts"
"""Where kustomize looks for charts unless `helmGlobals.chartHome` says otherwise."""


def local_charts(kustomization: Kustomization, layout: Layout) -> None:
    """Make sure that every chart it asks for is in the repository.

    Raises:
        GitOpsErrors: one is not, and would be fetched.
    """
    missing = tuple(_missing(kustomization, layout))
    if missing:
        raise GitOpsErrors("charts are outside of the repository", missing)


def _missing(kustomization: Kustomization, layout: Layout) -> Iterator[RemoteBaseError]:
    said = {text.folded: text for text in kustomization.texts}
    home = said.get(("helmglobals", "charthome"))
    folder = home.value if home else _CHART_HOME
    for keys, text in said.items():
        if len(keys) != 3 or keys[0] != "helmcharts" or keys[2] != "name":  # noqa: PLR2004
            continue
        version = said.get((*keys[:2], "version"))
        names = [text.value, f"{text.value}-{version.value}/{text.value}" if version else ""]
        ways = [layout.follow(kustomization.folder, f"{folder}/{name}") for name in names if name]
        if not any(way.path and layout.is_file(f"{way.path}/Chart.yaml") for way in ways):
            yield RemoteBaseError(
                f"chart {text.value!r} is not in the repository",
                cause=f"looked for it in {folder} beside the kustomization",
                fix="vendor it there, or allow fetching by `validate.remote-bases: true`",
                location=Location(file=kustomization.path, line=text.line),
            )
