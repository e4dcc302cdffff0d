"""Flux HelmReleases on their way through kustomizations, whose patches change their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.kinds import flux, helm
from gitops_action.core.discovery.kinds.kustomize import Target, named_target, pointer
from gitops_action.core.discovery.kinds.workloads import manifests, resource_of
from gitops_action.core.discovery.live import Resource
from gitops_action.core.discovery.patches import matches
from gitops_action.core.discovery.tree import Tree, tree_of

_VALUES = ("spec", "values")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release: its object, layers of values, lowest first, and what renders after the chart."""

    resource: Resource
    layers: tuple[Tree, ...]
    renderers: tuple[Cursor, ...] = ()


def release_of(manifest: Cursor) -> Release:
    """A release as its manifest says it."""
    listed = manifest.get("spec", "postRenderers")
    steps = (item.get("kustomize") for item in (listed.items() if listed else ()))
    return Release(
        resource=resource_of(manifest),
        layers=helm.release_values(manifest),
        renderers=tuple(step for step in steps if step),
    )


def patch_releases(
    releases: tuple[Release, ...], patch: Cursor, target: Target | None, *, open_below: bool
) -> tuple[Release, ...]:
    """The releases after one document of a patch; those it changes are new objects.

    Args:
        releases: those before.
        patch: a strategic merge, or a list of JSON operations.
        target: what the patch names as its target.
        open_below: something below was not read, so that a patch may stand for a release.
    """
    current = releases
    for aimed, layer in _layers(patch, target):
        hit = [release for release in current if matches(aimed, release.resource)]
        current = tuple(
            replace(release, layers=(*release.layers, layer)) if release in hit else release
            for release in current
        )
        if not hit and open_below and patch.is_mapping:
            current = (*current, *(release_of(item) for item in manifests(patch)))
    return current


def _layers(patch: Cursor, target: Target | None) -> Iterator[tuple[Target, Tree]]:
    """What each part of a patch lays over the values of its target."""
    if patch.is_mapping:
        for manifest in manifests(patch):
            if flux.is_release(manifest):
                aimed = target or named_target(resource_of(manifest))
                yield from ((aimed, layer) for layer in helm.release_values(manifest))
    elif target is not None:
        for operation in patch.items():
            value, steps = operation.get("value"), pointer(operation.say("path"))
            if value is not None and steps[:2] == _VALUES:
                tree = tree_of(value)
                for step in reversed(steps[2:]):
                    tree = {str(step): tree}
                yield target, tree
