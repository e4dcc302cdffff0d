"""What `kubectl kustomize` prints, as objects with the files they came from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from gitops_action.core.manifests import Body, Manifest, ManifestError, manifest_of
from gitops_action.core.manifests.fields import text, value
from gitops_action.core.manifests.reader import read_documents
from gitops_action.errors import Location

ORIGIN_ANNOTATION = "config.kubernetes.io/origin"
"""Where kustomize writes an object's file, when it is asked to by `originAnnotations`."""

_SEPARATOR = b"\n---\n"


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One object as it was printed: `origin` is what kustomize said of it."""

    manifest: Manifest
    origin: str


class OutputReader:
    """Reads outputs; what was printed before, word for word, is not read again.

    Both sides of a change print nearly the same. Threads may share a reader: two that read the
    same text at once both read it, and nothing else happens.
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[tuple[bytes, bool], tuple[Printed, ...]] = {}

    def read(self, folder: str, output: bytes, *, strip: bool) -> tuple[Manifest, ...]:
        """The objects of an output.

        Args:
            folder: the folder that was rendered; origins are relative to it.
            output: what was printed.
            strip: whether the origins are there only because we asked for them.

        Raises:
            ManifestError: an object is none.
        """
        return tuple(
            Manifest(
                id=printed.manifest.id,
                version=printed.manifest.version,
                body=printed.manifest.body,
                origin=Location(file=_origin(folder, printed.origin)),
            )
            for document in _documents(output)
            for printed in self._printed(document, strip=strip)
        )

    def _printed(self, document: bytes, *, strip: bool) -> tuple[Printed, ...]:
        found = self._known.get((document, strip))
        if found is None:
            found = tuple(_read(document, strip=strip))
            self._known[document, strip] = found
        return found


def _documents(output: bytes) -> Iterator[bytes]:
    """The documents; text inside of them is indented, so that no line of it is the separator."""
    yield from output.removesuffix(b"\n").split(_SEPARATOR)


def _read(document: bytes, *, strip: bool) -> Iterator[Printed]:
    for found in read_documents("", document):
        try:
            manifest = manifest_of(found.value, Location(file=""))
        except ManifestError as error:
            raise ManifestError(error.title, cause=error.cause, fix=error.fix) from None
        origin = text(manifest.body, "metadata", "annotations", ORIGIN_ANNOTATION)
        body = _without_origin(manifest.body) if strip else manifest.body
        yield Printed(manifest=replace(manifest, body=body), origin=origin)


def _without_origin(body: Body) -> Body:
    metadata = value(body, "metadata")
    if not isinstance(metadata, Mapping):
        return body
    kept = dict(metadata)
    annotations = kept.get("annotations")
    if not isinstance(annotations, Mapping) or ORIGIN_ANNOTATION not in annotations:
        return body
    own = {key: item for key, item in annotations.items() if key != ORIGIN_ANNOTATION}
    kept["annotations"] = own
    if not own:
        del kept["annotations"]
    return {**body, "metadata": kept}


@lru_cache(maxsize=4096)
def _origin(folder: str, said: str) -> str:
    """The file that kustomize names; the folder where it names none or one of elsewhere."""
    try:
        documents = read_documents("", said.encode())
    except ManifestError:
        return folder
    facts = documents[0].value if documents else None
    if not isinstance(facts, Mapping) or facts.get("repo"):
        return folder
    path = facts.get("path") or facts.get("configuredIn")
    return posixpath.normpath(posixpath.join(folder, path)) if isinstance(path, str) else folder
