"""What a controller makes of a folder's objects before it applies them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitops_action.core.manifests import Manifest
from gitops_action.core.manifests.fields import mapping
from gitops_action.core.manifests.model import Body
from gitops_action.core.rendering.deployers import FolderBuild
from gitops_action.core.rendering.variables import Variables, substituted


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
