"""Why kustomize failed, told by the files it was given."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests import Manifest, ObjectId, read_manifests
from gitops_action.core.rendering.graph import Graph
from gitops_action.core.rendering.merge import twice
from gitops_action.errors import GitOpsError

_REGISTERED = "already registered id"


def diagnose(
    error: GitOpsError, graph: Graph, files: Mapping[str, RepositoryFile]
) -> tuple[GitOpsError, ...]:
    """The mistakes in the resource files, each with file and line; the error itself if none is.

    kustomize stops at the first and knows no lines; so its word is only taken where the files
    themselves have nothing wrong with them.
    """
    paths = [path for path in dict.fromkeys(graph.resources) if path in files]
    parsed = {path: read_manifests(path, files[path].data) for path in paths}
    problems = tuple(item for part in parsed.values() for item in part.problems)
    if problems:
        return problems
    if _REGISTERED in error.cause:
        every = [item for part in parsed.values() for item in part.manifests]
        return _doubles(every) or (error,)
    return (error,)


def _doubles(manifests: list[Manifest]) -> tuple[GitOpsError, ...]:
    first: dict[ObjectId, Manifest] = {}
    found = []
    for manifest in manifests:
        other = first.setdefault(manifest.id, manifest)
        if other is not manifest:
            found.append(twice(other, manifest))
    return tuple(found)
