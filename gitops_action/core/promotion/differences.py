"""What else differs between two environments for one application: names, never secret values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.json_values import mapping
from gitops_action.core.manifests.model import Manifest

_MOST = 40
_KEYED = frozenset({"ConfigMap", "Secret"})
_NAME_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app")
_LISTS = ("initContainers", "containers")

Key = tuple[str, str]


def differences(
    application: str,
    repositories: Iterable[str],
    sides: tuple[Sequence[Manifest], Sequence[Manifest]],
    names: tuple[str, str],
) -> tuple[str, ...]:
    """Lines for people, at most 40: objects, keys, variables, replicas, resources, images.

    Args:
        application: whose objects are compared.
        repositories: its images, whose versions are what is promoted.
        sides: what the two environments render to, the earlier one first.
        names: the two environments.
    """
    promoted = frozenset(repositories)
    before, after = (_objects(application, promoted, side) for side in sides)
    found: list[str] = []
    for key in sorted({*before, *after}):
        what = f"{key[0]} {key[1]}"
        if key not in before or key not in after:
            found.append(f"{what} is only in {names[key in after]}")
            continue
        found += [
            f"{what}: {line}" for line in _of_object(before[key], after[key], names, promoted)
        ]
    more = len(found) - _MOST
    return (*found[:_MOST], *((f"and {more} more",) if more > 0 else ()))


def _objects(
    application: str, promoted: frozenset[str], manifests: Iterable[Manifest]
) -> Mapping[Key, Manifest]:
    return {
        (one.id.kind, one.id.name): one
        for one in manifests
        if _belongs(one, application) or promoted & {_repository(i) for i in _images(one)}
    }


def _belongs(manifest: Manifest, application: str) -> bool:
    """By the usual labels, else by its name."""
    labels = mapping(mapping(manifest.body, "metadata"), "labels")
    if any(labels.get(label) == application for label in _NAME_LABELS):
        return True
    name = manifest.id.name
    return name == application or name.startswith(f"{application}-")


def _of_object(
    before: Manifest, after: Manifest, names: tuple[str, str], promoted: frozenset[str]
) -> Iterator[str]:
    if before.id.kind in _KEYED:
        yield from _keys("key", _data(before), _data(after), names)
        return
    old, new = (mapping(one.body, "spec").get("replicas") for one in (before, after))
    if old != new:
        yield f"replicas {_number(old)} → {_number(new)}"
    yield from _containers(before, after, names, promoted)
    if _rest(before) != _rest(after):
        paths = sorted(_paths(_rest(before), _rest(after)))
        shown = ", ".join(paths[:5])
        yield f"differs in {shown}" + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004 - five fit on a line


def _number(value: object) -> str:
    return str(value) if isinstance(value, int) else "(not set)"


def _data(manifest: Manifest) -> Mapping[str, object]:
    return {
        **mapping(manifest.body, "data"),
        **mapping(manifest.body, "binaryData"),
        **mapping(manifest.body, "stringData"),
    }


def _keys(
    what: str, before: Mapping[str, object], after: Mapping[str, object], names: tuple[str, str]
) -> Iterator[str]:
    for key in sorted({*before, *after}):
        if key not in before or key not in after:
            yield f"{what} {key} is only in {names[key in after]}"
        elif before[key] != after[key]:
            yield f"{what} {key} differs"


def _pods(manifest: Manifest) -> Mapping[str, object]:
    """The pod's own part of a pod or of what makes pods."""
    spec = mapping(manifest.body, "spec")
    if manifest.id.kind == "Pod":
        return spec
    job = mapping(mapping(spec, "jobTemplate"), "spec")
    return mapping(mapping(job or spec, "template"), "spec")


def _by_name(manifest: Manifest) -> Mapping[str, Mapping[str, object]]:
    found: dict[str, Mapping[str, object]] = {}
    for listed in _LISTS:
        items = _pods(manifest).get(listed)
        for one in items if isinstance(items, list) else ():
            if isinstance(one, Mapping):
                found[str(one.get("name", ""))] = one
    return found


def _images(manifest: Manifest) -> Iterator[str]:
    for container in _by_name(manifest).values():
        yield str(container.get("image", ""))


def _repository(image: str) -> str:
    try:
        return parse_reference(image).repository
    except ImageReferenceError:
        return image


def _containers(
    before: Manifest, after: Manifest, names: tuple[str, str], promoted: frozenset[str]
) -> Iterator[str]:
    old, new = _by_name(before), _by_name(after)
    for name in sorted({*old, *new}):
        if name not in old or name not in new:
            yield f"container {name} is only in {names[name in new]}"
            continue
        yield from _keys("env", _variables(old[name]), _variables(new[name]), names)
        if old[name].get("resources") != new[name].get("resources"):
            yield f"resources of {name} differ"
        images = str(old[name].get("image", "")), str(new[name].get("image", ""))
        if images[0] != images[1] and _repository(images[1]) not in promoted:
            yield f"image of {name} differs"


def _variables(container: Mapping[str, object]) -> Mapping[str, object]:
    items = container.get("env")
    return {
        str(one.get("name", "")): one
        for one in (items if isinstance(items, list) else ())
        if isinstance(one, Mapping)
    }


def _rest(manifest: Manifest) -> object:
    """The object without what is compared by itself."""
    return _without(manifest.body, manifest.id.kind)


_OWN = frozenset({"replicas", "env", "resources", "image", "namespace", "status"})


def _without(value: object, kind: str) -> object:
    if isinstance(value, Mapping):
        return {key: _without(each, kind) for key, each in value.items() if key not in _OWN}
    return [_without(one, kind) for one in value] if isinstance(value, list) else value


def _paths(before: object, after: object, path: str = "") -> Iterator[str]:
    """The fields that differ, by their paths."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {*before, *after}:
            if before.get(key) != after.get(key):
                yield from _paths(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif before != after:
        yield path
