"""What a controller writes into a kustomization before it builds it, and into the objects after.

As kustomize-controller and `kustomize edit` do: lists are appended, everything else replaces what
was there. An `images` entry of a known name is merged into it by Flux, and replaces it in Argo CD.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitops_action.core.manifests import Manifest
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering.deployers import BuildSettings, FolderBuild
from gitops_action.core.rendering.output import Collected
from gitops_action.core.rendering.variables import Variables, substituted


def added_to(path: str, data: bytes, settings: BuildSettings) -> bytes:
    """A kustomization with the additions.

    Raises:
        ManifestError: it is not YAML.
    """
    documents = read_documents(path, data)
    value = documents[0].value if documents else {}
    return _merged(value if isinstance(value, Mapping) else {}, settings)


def generated(folder: str, collected: Collected, settings: BuildSettings) -> bytes:
    """The kustomization of a folder that has none."""
    parts = sorted((*collected.files, *collected.kustomizations))
    return _merged(
        {"resources": [posixpath.relpath(path, folder or ".") for path in parts]}, settings
    )


def _merged(body: Mapping[str, object], settings: BuildSettings) -> bytes:
    additions: Mapping[str, object] = json.loads(settings.kustomization)
    names = {key.casefold(): key for key in body}  # kustomize reads field names in any case
    made = dict(body)
    for field, added in additions.items():
        key = names.get(field.casefold(), field)
        made[key] = _field(field, made.get(key), added, merge=settings.generated)
    return json.dumps(made, ensure_ascii=False).encode()


def _field(field: str, there: object, added: object, *, merge: bool) -> object:
    if isinstance(added, Mapping):
        return {**(there if isinstance(there, Mapping) else {}), **added}
    if not isinstance(added, list):
        return added
    before = there if isinstance(there, list) else []
    if field == "images" and merge:
        return _in_place(before, added)
    if field in {"images", "replicas"}:
        before = _without(before, added)
    return [*before, *added]


def _in_place(before: Iterable[object], added: Iterable[object]) -> list[object]:
    """The entries, those of one name as one, at the place of the first."""
    made: dict[str, object] = {}
    for index, one in enumerate((*before, *added)):
        name = text(one, "name") if isinstance(one, Mapping) else str(index)
        there = made.get(name)
        if isinstance(one, Mapping) and isinstance(there, Mapping):
            made[name] = {**there, **one}
        else:
            made[name] = one
    return list(made.values())


def _without(before: Iterable[object], added: Iterable[object]) -> list[object]:
    """The entries of other names."""
    names = {text(one, "name") for one in added if isinstance(one, Mapping)}
    return [one for one in before if not (isinstance(one, Mapping) and text(one, "name") in names)]


# What a controller makes of a folder's objects before it applies them.


def applied(
    manifests: Iterable[Manifest], build: FolderBuild, variables: Variables, *, cluster: str
) -> tuple[Manifest, ...]:
    """The objects as the controller applies them.

    Args:
        manifests: what the folder renders to.
        build: by whom, and with which settings.
        variables: those of its `postBuild`.
        cluster: the one of the object that says so.
    """
    where = f"{cluster}\0{build.cluster}" if build.cluster else cluster
    return tuple(
        replace(item, deployer=item.deployer or build.deployer, cluster=where)
        for item in _changed(manifests, build, variables)
    )


def _changed(
    manifests: Iterable[Manifest], build: FolderBuild, variables: Variables
) -> Iterator[Manifest]:
    settings = build.settings
    metadata = {
        "labels": json.loads(settings.labels or "{}"),
        "annotations": json.loads(settings.annotations or "{}"),
    }
    for manifest in manifests:
        made = substituted(manifest, variables) if settings.variables else manifest
        yield replace(made, body=_labelled(made.body, metadata)) if any(metadata.values()) else made


def _labelled(body: Body, added: Mapping[str, Mapping[str, object]]) -> Body:
    metadata = dict(mapping(body, "metadata"))
    for key, items in added.items():
        if items:
            metadata[key] = {**mapping(metadata, key), **items}
    return {**body, "metadata": metadata}
