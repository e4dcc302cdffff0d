"""What is left of kustomizations without their remote bases, for a render that follows none.

A remote base is not followed, and that is reported; the rest of the folder can still be validated.
Either the reference alone is left out, or, where what stands around it needs what it brings (a
patch of it), the whole kustomization that names it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering.graph import Graph, RemoteBaseError
from gitops_action.core.rendering.kustomization import KustomizationFile, Reference
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import RepositoryFile

Lines = Collection[tuple[str, int | None]]
"""References by their words and their lines in one file."""


def without_remote_bases(
    graph: Graph, files: Mapping[str, RepositoryFile], layout: RepositoryLayout
) -> Iterator[Mapping[str, RepositoryFile]]:
    """Ways to change the kustomizations of a build, the one that keeps the most first.

    None where something else keeps the folder from being rendered.
    """
    if not all(isinstance(problem, RemoteBaseError) for problem in graph.problems):
        return
    remote = graph.remote
    yield _changed(graph, files, layout, remote)
    folders = {item.folder for item in graph.kustomizations if _names(item, remote)}
    if graph.kustomizations[0].folder not in folders:
        yield _changed(graph, files, layout, [*remote, *_users(graph, folders, layout)])


def _names(kustomization: KustomizationFile, remote: Sequence[Reference]) -> bool:
    return any(reference.location.file == kustomization.path for reference in remote)


def _users(graph: Graph, folders: Collection[str], layout: RepositoryLayout) -> Iterator[Reference]:
    """Every reference to one of the folders."""
    for kustomization in graph.kustomizations:
        for reference in kustomization.references():
            if layout.follow(kustomization.folder, reference.path).path in folders:
                yield reference


def _changed(
    graph: Graph,
    files: Mapping[str, RepositoryFile],
    layout: RepositoryLayout,
    left_out: Sequence[Reference],
) -> Mapping[str, RepositoryFile]:
    """The kustomization files without these references."""
    changed: dict[str, RepositoryFile] = {}
    for kustomization in graph.kustomizations:
        path = kustomization.path
        lines = {(one.path, one.location.line) for one in left_out if one.location.file == path}
        file = files.get(layout.follow("", path).path or "")
        if lines and file:
            changed[path] = RepositoryFile(
                path=path, data=_without(kustomization, file.data, lines)
            )
    return changed


def _without(kustomization: KustomizationFile, data: bytes, lines: Lines) -> bytes:
    """The kustomization, written again as JSON without the items that hold the references."""
    documents = read_documents(kustomization.path, data)
    body = documents[0].value if documents else {}
    kept = dict(body) if isinstance(body, Mapping) else {}
    dropped = {text.keys[:2] for text in kustomization.texts if (text.value, text.line) in lines}
    for key, value in kept.items():
        if isinstance(value, list):
            kept[key] = [item for at, item in enumerate(value) if (key, at) not in dropped]
    # kustomize refuses a file that lists nothing at all.
    return json.dumps({"resources": [], **kept}, ensure_ascii=False).encode()
