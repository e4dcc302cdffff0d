"""Images that a repository holds and no environment of its configuration covers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.manifests import ManifestError, read_manifests
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.outcome import Notice
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.validation.images import image_texts
from gitops_action.errors import Location

_WORD = b"image"
_MOST = 20
"""Images that are listed one by one."""


def uncovered_images(
    files: Mapping[str, RepositoryFile], covered: Collection[str], config: str
) -> tuple[Notice, ...]:
    """A warning for each image that only files beside the environments name.

    Args:
        files: the repository's manifests.
        covered: the files that an environment depends on.
        config: the configuration file, for the notice that counts what is not listed.
    """
    outside = _images({path: file for path, file in files.items() if path not in covered})
    if not outside:
        return ()
    inside = _images({path: file for path, file in files.items() if path in covered})
    found = {name: places for name, places in sorted(outside.items()) if name not in inside}
    listed = tuple(_notice(name, places) for name, places in list(found.items())[:_MOST])
    return (*listed, *_more(len(found) - _MOST, config))


def _images(files: Mapping[str, RepositoryFile]) -> dict[str, list[Location]]:
    """Where each image is named, in objects and kustomizations; what is no YAML names none."""
    found: dict[str, list[Location]] = {}
    for path, file in files.items():
        if _WORD in file.data:
            for name, place in (*_of_objects(path, file.data), *_of_kustomization(path, file.data)):
                found.setdefault(name, []).append(place)
    return found


def _of_objects(path: str, data: bytes) -> Iterator[tuple[str, Location]]:
    for manifest in read_manifests(path, data).manifests:
        for written in image_texts(manifest):
            with suppress(ImageReferenceError):
                name = str(parse_reference(written).repository)
                yield name, manifest.origin or Location(file=path)


def _of_kustomization(path: str, data: bytes) -> Iterator[tuple[str, Location]]:
    """Images that it sets; where it renames one, the new name."""
    if not is_kustomization(path):
        return
    try:
        documents = read_documents(path, data)
    except ManifestError:
        return
    for document in documents:
        body = document.value if isinstance(document.value, Mapping) else {}
        for entry in items(body, "images"):
            with suppress(ImageReferenceError):
                name = text(entry, "newName") or text(entry, "name")
                yield str(parse_reference(name).repository), Location(file=path)


def _notice(name: str, places: list[Location]) -> Notice:
    files = sorted({place.file for place in places})
    more = f" and {len(files) - 1} more file{'s' * (len(files) > 2)}" if len(files) > 1 else ""  # noqa: PLR2004 - a plural
    return Notice(
        level="warning",
        text=f"no environment covers {name}, in {files[0]}{more}: no command changes, checks or"
        " deploys it. Declare an environment for its folder",
        location=min(places, key=lambda place: (place.file, place.line or 0)),
    )


def _more(count: int, config: str) -> Iterator[Notice]:
    if count > 0:
        text = f"no environment covers {count} more image{'s' * (count > 1)}"
        yield Notice(level="warning", text=text, location=Location(file=config))
