"""Which images a set of objects runs, and how two sets differ in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.image import EffectiveImage
from gitops_action.core.discovery.scan import object_lives
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.manifests import Body, Manifest, ObjectId
from gitops_action.core.manifests.model import SameBody

# Which images a rendered object names: what discovery finds, so that `bump` finds the same.

_OF_PODS = frozenset({"pod-template", "image-volume"})
"""Rules whose images run however they are written; elsewhere `image: default` is a word."""


def image_texts(manifest: Manifest) -> Iterator[str]:
    """Every image reference of the object as it is written, in the order of the object."""
    yield from _body_texts(SameBody(manifest.body))


@lru_cache(maxsize=16384)
def _body_texts(same: SameBody) -> tuple[str, ...]:
    return tuple(_texts(same.body))


def _texts(body: Body) -> Iterator[str]:
    for live in object_lives(body):
        text = _written(live)
        if live.version.rule in _OF_PODS or _is_pinned(text):
            yield text


def _written(live: EffectiveImage) -> str:
    place = live.version
    if live.spelling == place.spelling and "reference" in place.spots:
        return place.text("reference").removeprefix(place.prefix)
    return str(live.spelling)


def _is_pinned(value: str) -> bool:
    """Whether it is a reference with a tag or digest."""
    try:
        found = parse_reference(value)
    except ImageReferenceError:
        return False
    return bool(found.tag or found.digest)


@dataclass(frozen=True, kw_only=True)
class ImageDifference:
    """What is run of one repository before and after, sorted; empty for not at all.

    `repository` is normalised; what cannot be read as a reference stands for itself.
    """

    repository: str
    old: tuple[str, ...]
    new: tuple[str, ...]


Images = Mapping[str, tuple[ObjectId, ...]]
"""Each image reference as it is written, sorted, and the objects that name it."""


def images_of(manifests: Iterable[Manifest]) -> Images:
    """Each image reference as it is written, sorted, and the objects that name it."""
    found: dict[str, dict[ObjectId, None]] = {}
    for manifest in manifests:
        for image in image_texts(manifest):
            found.setdefault(image, {})[manifest.id] = None
    return {image: tuple(sorted(found[image])) for image in sorted(found)}


def changed_images(before: Images, after: Images) -> tuple[ImageDifference, ...]:
    """The repositories of which something else is run, sorted.

    Only the set of references counts: a second object that runs a known image changes nothing.
    """
    old, new = _by_repository(before), _by_repository(after)
    return tuple(
        ImageDifference(repository=name, old=old.get(name, ()), new=new.get(name, ()))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def added_images(before: Images, after: Images) -> tuple[str, ...]:
    """The references that only `after` runs, as they are written: those to look up."""
    return tuple(text for text in after if text not in before)


def declared_in_render(
    declared: Sequence[ImageReference], manifests: Sequence[Manifest]
) -> tuple[ImageReference, ...]:
    """Those of the declared images that no object runs; empty when all are there.

    A declared image is there when an object names its repository with the same digest, or, where
    one of the two names no digest, with the same tag. Repositories are compared normalised.
    """
    rendered = [item for item in map(_read, images_of(manifests)) if item is not None]
    return tuple(
        requested
        for requested in declared
        if not any(_stands_for(requested, found) for found in rendered)
    )


def _stands_for(requested: ImageReference, found: ImageReference) -> bool:
    if requested.repository != found.repository:
        return False
    if requested.digest and found.digest:
        return requested.digest == found.digest
    return requested.pulled == found.pulled if not requested.tag else requested.tag == found.tag


def _by_repository(images: Images) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for text in images:
        reference = _read(text)
        found.setdefault(reference.repository if reference else text, []).append(text)
    return {name: tuple(texts) for name, texts in found.items()}


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None
