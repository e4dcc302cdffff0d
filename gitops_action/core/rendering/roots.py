"""What of a folder is built by itself: discovery and rendering ask here, so that they agree.

What another kustomization refers to, and a Component, is part of something else; what a controller
builds is reached by its object; what lies below a kustomization is that kustomization's business,
as Flux's generator has it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence

from gitops_action.core.dataclass import dataclass


@dataclass(frozen=True, kw_only=True)
class Uses:
    """What a kustomization refers to: folders and files, by their paths in the repository."""

    targets: frozenset[str] = frozenset()
    component: bool = False


@dataclass(frozen=True, kw_only=True)
class Roots:
    """Folders whose kustomization is built by itself, and files that stand for themselves."""

    kustomizations: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def find_roots(
    paths: Sequence[str],
    kustomizations: Mapping[str, Uses],
    *,
    top: str = "",
    claimed: Collection[str] = (),
    charts: Collection[str] = (),
) -> Roots:
    """The roots among the files of a folder.

    Args:
        paths: the folder's files that may hold objects.
        kustomizations: each folder among them that has a kustomization, by its path.
        top: the folder itself.
        claimed: folders that a controller builds on behalf of an object.
        charts: folders of Helm charts, whose files are no objects.
    """
    if top in kustomizations:
        return Roots(kustomizations=(top,))
    free = {
        folder: uses for folder, uses in kustomizations.items() if not is_inside(folder, claimed)
    }
    tops = _tops(free, kustomizations, top)
    used = frozenset(target for uses in kustomizations.values() for target in uses.targets)
    taken = {*kustomizations, *claimed, *charts}
    files = (
        path
        for path in paths
        if path not in used and not _below(posixpath.dirname(path), taken, top)
    )
    return Roots(kustomizations=tuple(sorted(tops)), files=tuple(files))


def is_inside(path: str, folders: Collection[str]) -> bool:
    """Whether a path is one of the folders or lies below one."""
    return any(not folder or path == folder or path.startswith(f"{folder}/") for folder in folders)


def _tops(free: Mapping[str, Uses], every: Mapping[str, Uses], top: str) -> set[str]:
    used = {target for uses in every.values() for target in uses.targets}
    own = {folder for folder, uses in free.items() if not uses.component}
    candidates = own - used
    tops = {one for one in candidates if not _below(posixpath.dirname(one), candidates, top)}
    reached = _reach({*tops, *(every.keys() - free.keys())}, every)
    # What only a circle of kustomizations refers to is built too, so that the circle is reported.
    for folder in sorted(own & used):
        if folder not in reached and not _below(posixpath.dirname(folder), tops, top):
            tops.add(folder)
            reached |= _reach({folder}, every)
    return tops


def _reach(starts: Iterable[str], kustomizations: Mapping[str, Uses]) -> set[str]:
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        folder = waiting.pop()
        if folder in kustomizations and folder not in reached:
            reached.add(folder)
            waiting += kustomizations[folder].targets
    return reached


def _below(path: str, folders: Collection[str], top: str) -> bool:
    """Whether a folder is one of these or lies below one, up to the top."""
    while path != top and path:
        if path in folders:
            return True
        path = posixpath.dirname(path)
    return False
