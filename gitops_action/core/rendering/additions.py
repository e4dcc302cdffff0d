"""What a controller writes into a kustomization before it builds it.

As kustomize-controller and `kustomize edit` do: lists are appended, everything else replaces what
was there. An `images` entry of a known name is merged into it by Flux, and replaces it in Argo CD.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping

from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.reader import read_documents
from gitops_action.core.rendering.deployers import BuildSettings
from gitops_action.core.rendering.output import Collected


def added_to(path: str, data: bytes, settings: BuildSettings) -> bytes:
    """A kustomization with the additions.

    Raises:
        ManifestError: it is not YAML.
    """
    documents = read_documents(path, data)
    value = documents[0].value if documents else {}
    return _merged(value if isinstance(value, Mapping) else {}, settings)


def generated(folder: str, collected: Collected, settings: BuildSettings) -> bytes:
    """The kustomization of a folder that has none."""
    parts = sorted((*collected.files, *collected.kustomizations))
    return _merged(
        {"resources": [posixpath.relpath(path, folder or ".") for path in parts]}, settings
    )


def _merged(body: Mapping[str, object], settings: BuildSettings) -> bytes:
    additions: Mapping[str, object] = json.loads(settings.kustomization)
    names = {key.casefold(): key for key in body}  # kustomize reads field names in any case
    made = dict(body)
    for field, added in additions.items():
        key = names.get(field.casefold(), field)
        made[key] = _field(field, made.get(key), added, merge=settings.generated)
    return json.dumps(made, ensure_ascii=False).encode()


def _field(field: str, there: object, added: object, *, merge: bool) -> object:
    if isinstance(added, Mapping):
        return {**(there if isinstance(there, Mapping) else {}), **added}
    if not isinstance(added, list):
        return added
    before = there if isinstance(there, list) else []
    if field == "images" and merge:
        return _in_place(before, added)
    if field in {"images", "replicas"}:
        before = _without(before, added)
    return [*before, *added]


def _in_place(before: Iterable[object], added: Iterable[object]) -> list[object]:
    """The entries, those of one name as one, at the place of the first."""
    made: dict[str, object] = {}
    for index, one in enumerate((*before, *added)):
        name = text(one, "name") if isinstance(one, Mapping) else str(index)
        there = made.get(name)
        if isinstance(one, Mapping) and isinstance(there, Mapping):
            made[name] = {**there, **one}
        else:
            made[name] = one
    return list(made.values())


def _without(before: Iterable[object], added: Iterable[object]) -> list[object]:
    """The entries of other names."""
    names = {text(one, "name") for one in added if isinstance(one, Mapping)}
    return [one for one in before if not (isinstance(one, Mapping) and text(one, "name") in names)]
