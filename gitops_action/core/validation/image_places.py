"""Where an object names images.

Pods at any depth (containers, init and ephemeral ones, image volumes), and in custom kinds also
the conventions of Helm values: `image: repository:tag`, and `repository` with `tag` or `digest`
beside it, `registry` in front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.manifests import Manifest
from gitops_action.core.manifests.fields import text

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
