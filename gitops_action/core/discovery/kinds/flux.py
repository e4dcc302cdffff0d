"""Flux: Kustomization objects and the policies that its image automation marks lines with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import ImageLocation, Role, Spot, repository_of, split_image
from gitops_action.core.rendering.deployers import builds_git_repository, is_flux_kustomization
from gitops_action.core.rendering.follow import Follower

FAMILY = "toolkit.fluxcd.io/"
"""What the API groups of all Flux objects end with, in front of the version."""

HELM_GROUP = "helm.toolkit.fluxcd.io"
K3S_GROUP = "helm.cattle.io"
IMAGE_GROUP = "image.toolkit.fluxcd.io"
SOURCE_GROUP = "source.toolkit.fluxcd.io"
OCI_SCHEME = "oci://"
_VERSION_ROLES: tuple[Role, ...] = ("tag", "digest")
DEFAULT_NAMESPACE = "flux-system"


def group_of(manifest: Cursor) -> str:
    """The API group of an object; empty for the core group."""
    return manifest.say("apiVersion").rpartition("/")[0]


def is_kustomization(manifest: Cursor) -> bool:
    """Whether it is a Flux Kustomization (not a kustomization file)."""
    return is_flux_kustomization(group_of(manifest), manifest.say("kind"))


def is_release(manifest: Cursor) -> bool:
    """Whether it carries values of a chart."""
    kind = (group_of(manifest), manifest.say("kind"))
    return kind in {(HELM_GROUP, "HelmRelease"), (K3S_GROUP, "HelmChart")} or kind == (
        K3S_GROUP,
        "HelmChartConfig",
    )


def built_path(manifest: Cursor, sources: Follower) -> Cursor | None:
    """Where a Flux Kustomization builds from, when that may be this repository."""
    kind, namespace, name = (
        manifest.say("spec", "sourceRef", key) for key in ("kind", "namespace", "name")
    )
    if not builds_git_repository(kind):
        return None
    own = manifest.say("metadata", "namespace")
    source = sources.described(namespace or own, name)
    if source is not None and sources.reads_elsewhere(source):
        return None
    return manifest.get("spec", "path")


def repository_image(manifest: Cursor) -> ImageLocation | None:
    """The artifact that an OCIRepository fetches, where a tag or digest is written."""
    if group_of(manifest) != SOURCE_GROUP or manifest.say("kind") != "OCIRepository":
        return None
    url = manifest.get("spec", "url")
    spot = url.spot if url else None
    if spot is None or not spot.value.startswith(OCI_SCHEME):
        return None
    spots: dict[Role, Spot] = {"name": spot.part(len(OCI_SCHEME), len(spot.value))}
    for role in _VERSION_ROLES:
        found = manifest.get("spec", "ref", role)
        if found is not None and found.spot is not None:
            spots[role] = found.spot
    if len(spots) == 1:
        return None
    return ImageLocation(
        rule="oci-repository", reason="the artifact of an OCIRepository", spots=spots
    )


def scanned_image(manifest: Cursor) -> Cursor | None:
    """The name that an ImageRepository looks at: it deploys nothing."""
    return manifest.get("spec", "image") if manifest.say("kind") == "ImageRepository" else None


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
