"""A patch that makes Git describe what lives, for kustomize's `patches`.

Lists with merge keys are patched by item, as in a strategic merge patch; those of custom kinds,
which kustomize merges as JSON, and those without keys stand in it as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.core.deploy.field_paths import Step, value_at
from gitops_action.core.drift.compare import FieldDifference
from gitops_action.core.drift.same import is_custom
from gitops_action.core.manifests.canonical import dump
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.redaction.objects import is_secret, redacted

NOTHING = Redactor()
"""Knows no secret."""
_REMOVED = object()
_Way = tuple[Sequence[Step], object]
"""The way to a field, and what is described there where all of it is replaced."""


def adoption(
    live: Body, differences: Iterable[FieldDifference], *, secrets: Redactor = NOTHING
) -> str:
    """The patch as YAML; empty where it would hold a secret, or where nothing is to be patched.

    Args:
        live: the object as it lives.
        differences: what to adopt.
        secrets: knows what Secrets hold, which may have been copied into this object.
    """
    if is_secret(live):
        return ""
    shown = redacted(live)
    patch: dict[str, object] = {}
    for steps, described in _cut(differences, custom=is_custom(live)):
        found, value = value_at(live, steps)
        _put(patch, steps, _value(described, value) if found else _REMOVED)
        if value != secrets.clean_tree(value_at(shown, steps)[1]):
            return ""
    if not patch:
        return ""
    namespace = text(live, "metadata", "namespace")
    metadata = {"name": text(live, "metadata", "name"), **mapping(patch, "metadata")}
    if namespace:
        metadata["namespace"] = namespace
    identity = {"apiVersion": text(live, "apiVersion"), "kind": text(live, "kind")}
    return dump({**identity, **patch, "metadata": metadata})


def _cut(differences: Iterable[FieldDifference], *, custom: bool) -> Iterator[_Way]:
    """The ways to what is patched, each once: a list that is one value is patched as a whole."""
    found: list[Sequence[Step]] = []
    for one in differences:
        steps: list[Step] = []
        for step in one.steps:
            if isinstance(step, int) or (custom and isinstance(step, Mapping)):
                break
            steps.append(step)
        if steps not in found:
            found.append(steps)
            yield steps, one.described if len(steps) == len(one.steps) else None


def _value(described: object, live: object) -> object:
    """What lives, without what a merge would leave of what is described."""
    if not isinstance(live, Mapping) or not isinstance(described, Mapping):
        return live
    return {**{key: None for key in described if key not in live}, **live}


def _put(patch: dict[str, object], steps: Sequence[Step], value: object) -> None:
    """Put the value there; items of lists are found, or made, by their keys."""
    here = patch
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if not isinstance(step, str):
            continue
        if following is None:
            here[step] = None if value is _REMOVED else value
        elif isinstance(following, Mapping):
            here = _item(here, step, following)
            if following is steps[-1]:
                here |= {"$patch": "delete"} if value is _REMOVED else dict(_as_mapping(value))
        else:
            below = here.setdefault(step, {})
            if not isinstance(below, dict):
                return
            here = below


def _item(here: dict[str, object], step: str, key: Mapping[str, object]) -> dict[str, object]:
    listed = here.setdefault(step, [])
    items = listed if isinstance(listed, list) else []
    for one in items:
        if all(one.get(name) == key[name] for name in key):
            found: dict[str, object] = one
            return found
    made = dict(key)
    items.append(made)
    return made


def _as_mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
