"""Which images each application of an environment runs, as they are rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.core.config import Application
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.validation.images import images_of


def applications_of(
    manifests: Iterable[Manifest], applications: Sequence[Application]
) -> Mapping[str, tuple[str, ...]]:
    """Each application's images; one that nobody declares goes by the end of its repository.

    Args:
        manifests: what the environment renders to.
        applications: as the configuration declares them, or as they were found.
    """
    found: dict[str, list[str]] = {}
    for text in images_of(manifests):
        for name in _owners(text, applications):
            found.setdefault(name, []).append(text)
    return {name: tuple(found[name]) for name in sorted(found)}


def references_of(images: Iterable[str]) -> tuple[ImageReference, ...]:
    """Those of the images that can be read as references."""
    read = (_read(text) for text in images)
    return tuple(one for one in read if one is not None)


def _owners(text: str, applications: Sequence[Application]) -> tuple[str, ...]:
    reference = _read(text)
    repository = reference.repository if reference else text
    declared = tuple(one.name for one in applications if repository in one.images)
    return declared or (repository.rpartition("/")[2],)


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None
