"""Which images a set of objects runs, and how two sets differ in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.manifests import Manifest, ObjectId
from gitops_action.core.manifests.fields import text

# Where an object names images.

_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_DATA_KINDS = frozenset(
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

_BUILT_IN_GROUPS = frozenset({"", "apps", "batch"})
_DIGESTS = ("digest", "sha256", "sha")


def image_texts(manifest: Manifest) -> Iterator[str]:
    """Every image reference of the object as it is written, in the order of the object."""
    if manifest.id.kind in _DATA_KINDS:
        return
    custom = manifest.id.group not in _BUILT_IN_GROUPS
    for key, value in manifest.body.items():
        if key not in {"metadata", "status"}:
            yield from _below(key, value, custom=custom)


def _below(key: str, value: object, *, custom: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        if custom:
            yield from _values_image(key, value)
        for name, inner in value.items():
            yield from _below(str(name), inner, custom=custom)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _item(key, item, custom=custom)
    elif custom and isinstance(value, str) and _names_image(key) and _is_pinned(value):
        yield value


def _item(key: str, item: object, *, custom: bool) -> Iterator[str]:
    """An item of a list; a container's image counts however it is written."""
    if not isinstance(item, Mapping):
        return
    image = text(item, "image") if key in _CONTAINERS else ""
    volume = text(item, "image", "reference") if key == "volumes" else ""
    yield from (found for found in (image, volume) if found)
    rest = {name: value for name, value in item.items() if not (image and name == "image")}
    yield from _below("", rest, custom=custom)


def _values_image(key: str, value: Mapping[str, object]) -> Iterator[str]:
    """The image that a mapping spells in parts; below `image` its name may be called `name`."""
    names = ("repository", "repo", "name") if _names_image(key) else ("repository",)
    name = next((text(value, part) for part in names if text(value, part)), "")
    tag = value.get("tag")
    version = f":{tag}" if isinstance(tag, str | int | float) and tag != "" else ""
    digest = next((text(value, part) for part in _DIGESTS if text(value, part)), "")
    if not name or not (version or digest):
        return
    registry = text(value, "registry")
    whole = f"{registry}/{name}" if registry else name
    checksum = f"@{_with_algorithm(digest)}" if digest else ""
    reference = f"{whole}{version}{checksum}"
    if _is_pinned(reference):
        yield reference


def _with_algorithm(digest: str) -> str:
    return digest if ":" in digest else f"sha256:{digest}"


def _names_image(key: str) -> bool:
    return key.lower().endswith("image")


def _is_pinned(value: str) -> bool:
    """Whether text is a reference with a tag or digest: `image: default` is a word like others."""
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


def images_of(manifests: Iterable[Manifest]) -> Mapping[str, tuple[ObjectId, ...]]:
    """Each image reference as it is written, sorted, and the objects that name it."""
    found: dict[str, dict[ObjectId, None]] = {}
    for manifest in manifests:
        for image in image_texts(manifest):
            found.setdefault(image, {})[manifest.id] = None
    return {image: tuple(sorted(found[image])) for image in sorted(found)}


def changed_images(
    before: Sequence[Manifest], after: Sequence[Manifest]
) -> tuple[ImageDifference, ...]:
    """The repositories of which something else is run, sorted.

    Only the set of references counts: a second object that runs a known image changes nothing.
    """
    old, new = _by_repository(before), _by_repository(after)
    return tuple(
        ImageDifference(repository=name, old=old.get(name, ()), new=new.get(name, ()))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def added_images(before: Sequence[Manifest], after: Sequence[Manifest]) -> tuple[str, ...]:
    """The references that only `after` runs, as they are written: those to look up."""
    return tuple(image for image in images_of(after) if image not in images_of(before))


def declared_in_render(
    declared: Sequence[ImageReference], manifests: Sequence[Manifest]
) -> tuple[ImageReference, ...]:
    """Those of the declared images that no object runs; empty when all are there.

    A declared image is there when an object names its repository with the same digest, or, where
    one of the two names no digest, with the same tag. Repositories are compared normalised.
    """
    rendered = [item for item in map(_read, images_of(manifests)) if item is not None]
    return tuple(
        wanted for wanted in declared if not any(_stands_for(wanted, found) for found in rendered)
    )


def _stands_for(wanted: ImageReference, found: ImageReference) -> bool:
    if wanted.repository != found.repository:
        return False
    if wanted.digest and found.digest:
        return wanted.digest == found.digest
    return wanted.pulled == found.pulled if not wanted.tag else wanted.tag == found.tag


def _by_repository(manifests: Sequence[Manifest]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for image in images_of(manifests):
        reference = _read(image)
        found.setdefault(reference.repository if reference else image, []).append(image)
    return {name: tuple(texts) for name, texts in found.items()}


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None
