"""Which kustomizations one run of kustomize may build together, and what came of each.

Starting kubectl costs more than building a small kustomization. A kustomization of ours that lists
many folders gives what each of them gives alone, where none changes names: kustomize matches name
references over the whole of a run, and of a run's kustomizations reads some settings from the first
alone. Objects of ours stand between the folders, so that it is known whose an object is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.core.rendering.graph import Graph
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import RepositoryFile

_FIELDS = frozenset(
    {
        *("apiversion", "kind", "metadata", "resources", "bases", "components"),
        *("namespace", "commonlabels", "commonannotations", "labels", "images", "replicas"),
        *("patches", "patchesstrategicmerge", "patchesjson6902", "sortoptions"),
    }
)
"""Fields whose effect ends with the kustomization that has them, and that change no name."""

_INTERNAL = b"internal.config.kubernetes.io"
"""Annotations that kustomize keeps notes in; from a file they would be taken for its own."""

_REFERRERS = re.compile(
    rb"^kind: [\"']?(?:(?:Cluster)?RoleBinding|\w+WebhookConfiguration|APIService"
    rb"|CustomResourceDefinition)\b",
    re.MULTILINE,
)
"""Kinds that refer by name and namespace: kustomize writes the namespace of what it finds there."""

MOST_FOLDERS = 64
MOST_BYTES = 256 * 1024
"""Of the files behind one run: kustomize compares each object with each other."""

BuildKey = tuple[str, frozenset[tuple[str, str, bytes]]]
"""A folder with all that its build reads: where two are equal, so is the result."""


def build_key(
    folder: str, graph: Graph, files: Mapping[str, RepositoryFile], layout: RepositoryLayout
) -> BuildKey | None:
    """What the build of a folder depends on; None where it has to be built by itself."""
    if not all(_is_local(text.folded) for item in graph.kustomizations for text in item.texts):
        return None
    if graph.remote or any(item.tagged for item in graph.kustomizations):
        return None
    read = {path: files[path] for path in _paths(graph, layout) if path in files}
    if any(_INTERNAL in file.data for file in read.values()):
        return None
    return folder, frozenset((path, file.mode, file.data) for path, file in read.items())


def batches(keys: Iterable[BuildKey]) -> Iterator[tuple[BuildKey, ...]]:
    """The builds in groups that one run can bear."""
    group: list[BuildKey] = []
    size = 0
    for key in keys:
        own = sum(len(data) for _, _, data in key[1])
        if group and (len(group) == MOST_FOLDERS or size + own > MOST_BYTES):
            yield tuple(group)
            group, size = [], 0
        group.append(key)
        size += own
    if group:
        yield tuple(group)


def together(folders: Sequence[str], marker: str) -> dict[str, bytes]:
    """The files of the kustomization that lists the folders.

    Args:
        folders: their paths from its own folder.
        marker: a word that no file holds.
    """
    resources = [path for index, path in enumerate(folders) for path in (path, f"{index}.json")]
    kustomization = {"resources": resources, "sortOptions": {"order": "fifo"}}
    made = {"kustomization.yaml": json.dumps(kustomization, ensure_ascii=False).encode()}
    for index in range(len(folders)):
        metadata = {"name": f"{marker}-{index}"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        made[f"{index}.json"] = json.dumps(body).encode()
    return made


def apart(output: bytes, count: int, marker: str) -> list[bytes] | None:
    """What was printed of each folder; None where that is in doubt."""
    found: list[bytes] = []
    own: list[bytes] = []
    for document in output.removesuffix(b"\n").split(b"\n---\n"):
        if document.endswith(f"\n  name: {marker}-{len(found)}".encode()):
            found.append(b"\n---\n".join(own))
            own = []
        else:
            own.append(document)
    if len(found) != count or own:
        return None
    return found


def stands_alone(output: bytes) -> bool:
    """Whether what was printed of a folder cannot depend on the folders beside it."""
    return _REFERRERS.search(output) is None


def _is_local(folded: tuple[str | int, ...]) -> bool:
    """Whether a text is of a field that has no effect outside of its kustomization."""
    return bool(folded) and folded[0] in _FIELDS and "options" not in folded[2:3]


def _paths(graph: Graph, layout: RepositoryLayout) -> set[str]:
    """Every file that the build reads, links on the way included."""
    paths: set[str] = set()
    for kustomization in graph.kustomizations:
        names = [("", kustomization.path)]
        names += [(kustomization.folder, item.path) for item in kustomization.references()]
        for base, name in names:
            way = layout.follow(base, name)
            paths.update(way.links)
            if way.path and layout.is_file(way.path):
                paths.add(way.path)
    return paths
