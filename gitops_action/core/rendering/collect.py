"""What a folder without a kustomization comes to.

As Flux's kustomize-controller generates one for it (documented under "Generate a Kustomization"):
every YAML file below, and folders that have a kustomization of their own as such, not descended
into. What source-controller leaves out of its artifacts is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.rendering.ignore import Ignore, is_hidden
from gitops_action.core.rendering.kustomization import is_kustomization
from gitops_action.core.rendering.layout import Layout, folder_of, name_of

CHART_FILE = "Chart.yaml"
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The parts of a folder: plain files, folders with a kustomization, and what is hidden."""

    files: tuple[str, ...]
    kustomizations: tuple[str, ...]
    hidden: tuple[str, ...]


def collect(folder: str, layout: Layout, ignore: Ignore) -> Collected:
    """The parts of a folder that has no kustomization itself."""
    paths = [path for path in layout.below(folder) if not ignore.leaves_out(path)]
    prefix = len(folder) + 1 if folder else 0
    hidden = {path for path in paths if is_hidden(path[prefix:])}
    seen = [path for path in paths if path not in hidden]
    built = {folder_of(path) for path in seen if is_kustomization(path)}
    charts = {folder_of(path) for path in seen if name_of(path) == CHART_FILE} if not folder else ()
    tops = {item for item in built if not _below_any(folder_of(item), built, folder)}
    files = (
        path
        for path in seen
        if path.endswith(_YAML) and not _below_any(folder_of(path), {*tops, *charts}, folder)
    )
    return Collected(
        files=tuple(files),
        kustomizations=tuple(sorted(tops)),
        hidden=tuple(sorted(path for path in hidden if path.endswith(_YAML))),
    )


def _below_any(path: str, folders: set[str], top: str) -> bool:
    """Whether a folder is one of these or lies below one, up to the top."""
    while path != top and path:
        if path in folders:
            return True
        path = folder_of(path)
    return False
