"""The objects of a folder's parts together, each once."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.manifests import Manifest, ObjectId
from gitops_action.core.rendering.errors import RenderError


def merge_manifests(
    manifests: Iterable[Manifest],
) -> tuple[tuple[Manifest, ...], tuple[RenderError, ...]]:
    """The objects in canonical order, and a problem for each that is there a second time."""
    kept: dict[ObjectId, Manifest] = {}
    problems: list[RenderError] = []
    for manifest in manifests:
        first = kept.setdefault(manifest.id, manifest)
        if first is not manifest:
            problems.append(twice(first, manifest))
    return tuple(kept[key] for key in sorted(kept)), tuple(problems)


def twice(first: Manifest, second: Manifest) -> RenderError:
    """The problem of an object that two files describe."""
    return RenderError(
        f"{second.id} is described twice",
        cause=f"in {second.origin} and in {first.origin}",
        fix="remove one of the two, or name them differently",
        location=second.origin,
    )
