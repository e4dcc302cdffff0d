"""Pods wherever they stand: workloads, lists of them, and custom kinds that hold pod templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gitops_action.core.discovery.cursor import Cursor, tree_of
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    ImageOwner,
    Role,
    live_of,
)
from gitops_action.core.discovery.kinds.helm import values_places
from gitops_action.core.yaml.path import Step

CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")
_IMAGE_LISTS = frozenset((*CONTAINER_LISTS, "volumes"))
_REACHED_VOLUMES = (("spec", "volumes"), ("spec", "template", "spec", "volumes"))
BUILT_IN_GROUPS = ("", "apps", "batch")

DATA_KINDS = frozenset(
    {
        "ConfigMap",
        "CustomResourceDefinition",
        "ImagePolicy",
        "ImageRepository",
        "ImageUpdateAutomation",
        "Secret",
    }
)
"""Kinds whose strings are data or rules: an image name in them runs nothing."""


def manifests(document: Cursor) -> Iterator[Cursor]:
    """The objects of a document: itself, or the items of a `…List`."""
    if document.say("kind").endswith("List") and document.get("items") is not None:
        items = document.get("items")
        for item in items.items() if items else ():
            yield from manifests(item)
    elif document.is_mapping:
        yield document


def is_manifest(document: Cursor) -> bool:
    """Whether it is a Kubernetes object (or a list of them)."""
    return bool(document.say("apiVersion") and document.say("kind"))


def resource_of(manifest: Cursor) -> ImageOwner:
    """What patches call the object."""
    return ImageOwner(
        group=manifest.say("apiVersion").rpartition("/")[0],
        kind=manifest.say("kind"),
        names=(manifest.say("metadata", "name"),),
        document=(manifest.file, f"{manifest.document}{manifest.steps}"),
    )


def workload_lives(manifest: Cursor) -> Iterator[EffectiveImage]:
    """Every image of an object; none for kinds that hold data."""
    if manifest.say("kind") in DATA_KINDS:
        return
    resource = resource_of(manifest)
    for live in pod_images(manifest, len(manifest.steps)):
        yield replace(live, resource=resource)
    if resource.group not in BUILT_IN_GROUPS:
        for live in _custom_images(manifest):
            yield replace(live, resource=resource)


def pod_images(cursor: Cursor, base: int) -> Iterator[EffectiveImage]:
    """Container images and image volumes below a value.

    Args:
        cursor: an object, or a piece of one as patches hold them.
        base: how many of the cursor's steps lead to the object itself.
    """
    for here in cursor.lists(_IMAGE_LISTS):
        if here.last in CONTAINER_LISTS:
            for index, item in enumerate(here.items()):
                yield from _live(container_image(item), item, here.steps[base:], index)
        else:
            for index, item in enumerate(here.items()):
                yield from _live(volume_image(item), item, here.steps[base:], index)


def container_image(item: Cursor) -> ImageLocation | None:
    """The image of a container."""
    return reference_place(item.get("image"), "pod-template", "the image of a container")


def volume_image(item: Cursor) -> ImageLocation | None:
    """The image of a volume, where its source is one."""
    image = item.get("image", "reference")
    return reference_place(image, "image-volume", "the reference of an image volume")


def is_reached(listed: tuple[Step, ...]) -> bool:
    """Whether kustomize's image transformer rewrites images in the list at this path.

    By trial with kustomize 5.8: containers and init containers at any depth, volumes of pods and
    of pod templates; ephemeral containers never.
    """
    return listed[-1:] in (("containers",), ("initContainers",)) or listed in _REACHED_VOLUMES


def _live(
    place: ImageLocation | None, item: Cursor, listed: tuple[Step, ...], index: int
) -> Iterator[EffectiveImage]:
    if place:
        live = live_of(place, reachable=is_reached(listed))
        yield replace(live, listed=listed, item=item.say("name"), index=index)


def reference_place(cursor: Cursor | None, rule: str, reason: str) -> ImageLocation | None:
    """A scalar that holds a whole reference; None when there is no text."""
    spot = cursor.spot if cursor and cursor.text else None
    return ImageLocation(rule=rule, reason=reason, spots={"reference": spot}) if spot else None


def _custom_images(manifest: Cursor) -> Iterator[EffectiveImage]:
    """Images that custom kinds hold outside pods: `image: repo:tag`, `image.repository` + `tag`."""
    spec = manifest.get("spec")
    if spec is None:
        return
    for place in values_places(tree_of(spec), _RULE):
        if not _in_pod(place):
            yield replace(live_of(place), fields=fields_of(place, manifest))


def fields_of(place: ImageLocation, manifest: Cursor) -> tuple[tuple[Role, tuple[Step, ...]], ...]:
    """The way from an object's top to each scalar of a place."""
    base = len(manifest.steps)
    return tuple((role, spot.path.steps[base:]) for role, spot in place.spots.items())


_RULE = ("custom-resource", "an image field of a custom resource")


def _in_pod(place: ImageLocation) -> bool:
    steps = place.main.path.steps
    return any(step in CONTAINER_LISTS or step == "volumes" for step in steps)
