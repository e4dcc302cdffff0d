"""Flux: Kustomization objects and the policies that its image automation marks lines with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import repository_of, split_image

FAMILY = "toolkit.fluxcd.io/"
"""What the API groups of all Flux objects end with, in front of the version."""

KUSTOMIZE_GROUP = "kustomize.toolkit.fluxcd.io"
HELM_GROUP = "helm.toolkit.fluxcd.io"
K3S_GROUP = "helm.cattle.io"
IMAGE_GROUP = "image.toolkit.fluxcd.io"
DEFAULT_NAMESPACE = "flux-system"


def group_of(manifest: Cursor) -> str:
    """The API group of an object; empty for the core group."""
    return manifest.say("apiVersion").rpartition("/")[0]


def is_kustomization(manifest: Cursor) -> bool:
    """Whether it is a Flux Kustomization (not a kustomization file)."""
    return manifest.say("kind") == "Kustomization" and group_of(manifest) == KUSTOMIZE_GROUP


def is_release(manifest: Cursor) -> bool:
    """Whether it carries values of a chart."""
    kind = (group_of(manifest), manifest.say("kind"))
    return kind in {(HELM_GROUP, "HelmRelease"), (K3S_GROUP, "HelmChart")} or kind == (
        K3S_GROUP,
        "HelmChartConfig",
    )


def built_path(manifest: Cursor) -> Cursor | None:
    """Where a Flux Kustomization builds from, when it builds from a Git repository."""
    source = manifest.say("spec", "sourceRef", "kind")
    return manifest.get("spec", "path") if source in {"", "GitRepository"} else None


def policy_repositories(objects: Iterable[Cursor]) -> Mapping[str, str]:
    """Repositories by policy (`namespace:name`), from ImagePolicy and ImageRepository objects."""
    images: dict[str, str] = {}
    policies: dict[str, str] = {}
    for item in objects:
        namespace = item.say("metadata", "namespace") or DEFAULT_NAMESPACE
        key = f"{namespace}:{item.say('metadata', 'name')}"
        if item.say("kind") == "ImageRepository":
            images[key] = item.say("spec", "image")
        elif item.say("kind") == "ImagePolicy":
            reference = item.get("spec", "imageRepositoryRef")
            inner = reference.say("namespace") if reference else ""
            name = reference.say("name") if reference else ""
            policies[key] = f"{inner or namespace}:{name}"
    found = {
        key: repository_of(split_image(images.get(at, "")).name) for key, at in policies.items()
    }
    return {key: repository for key, repository in found.items() if repository}
