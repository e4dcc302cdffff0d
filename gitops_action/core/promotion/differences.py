"""What else differs between two environments for one application: names, never secret values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.json_values import items, mapping, text
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.pattern import pattern

_MOST = 40
_PATHS = 5
"""Other fields of an object that are named; the rest is counted."""
_KEYED = frozenset({"ConfigMap", "Secret"})
_NAME_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app")
_LISTS = ("initContainers", "containers")
_COMPARED = frozenset({"env", "resources", "image"})
"""Fields of a container that have lines of their own."""
_HASHED = pattern(r"(.+)-[2456789bcdfghkmt]{10}")
"""A generated name: kustomize's hash of the content has these letters and digits alone."""

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
    before, after = (_objects(application, promoted, _unhashed(side)) for side in sides)
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


def _unhashed(manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    """The objects with the names that kustomize's generators were given, also where they are used.

    Else another key of a generated ConfigMap would show as another ConfigMap.
    """
    names = {
        one.id.name: found[1]
        for one in manifests
        if one.id.kind in _KEYED and (found := _HASHED.fullmatch(one.id.name))
    }
    for one in manifests:
        plain = names.get(one.id.name, one.id.name) if one.id.kind in _KEYED else one.id.name
        body = _renamed(one.body, names) if names else one.body
        yield replace(one, id=replace(one.id, name=plain), body=mapping({"": body}, ""))


def _renamed(value: object, names: Mapping[str, str]) -> object:
    if isinstance(value, Mapping):
        return {key: _renamed(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


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
    alone = {*_by_name(before)} ^ {*_by_name(after)}  # those have a line
    differing = _paths(_rest(before, promoted), _rest(after, promoted))
    paths = sorted(path for path in differing if path.rpartition(".")[2] not in alone)
    if paths:
        more = f" and {len(paths) - _PATHS} more" if len(paths) > _PATHS else ""
        yield f"differs in {', '.join(paths[:_PATHS])}{more}"


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
    pods = _pods(manifest)
    return {text(one, "name"): one for listed in _LISTS for one in items(pods, listed)}


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
    return {text(one, "name"): one for one in items(container, "env")}


def _rest(manifest: Manifest, promoted: frozenset[str]) -> object:
    """The object without what has lines of its own, and without the versions that are promoted."""
    containers = {id(one) for one in _by_name(manifest).values()}

    def without(value: object) -> object:
        if isinstance(value, list):
            return [without(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        left_out = _COMPARED if id(value) in containers else _versions(value, promoted)
        return {key: without(each) for key, each in value.items() if key not in left_out}

    spec = {key: each for key, each in mapping(manifest.body, "spec").items() if key != "replicas"}
    body = {**manifest.body, "spec": spec} if "spec" in manifest.body else manifest.body
    return without({key: each for key, each in body.items() if key != "status"})


def _versions(value: Mapping[str, object], promoted: frozenset[str]) -> frozenset[str]:
    """Keys of a mapping that say which version of a promoted image runs, and its namespace."""
    found = {"namespace"}
    if _repository(text(value, "image")) in promoted:
        found.add("image")
    names = {text(value, key) for key in ("repository", "name", "newName")} - {""}
    registry = text(value, "registry")
    names |= {f"{registry}/{name}" for name in names if registry}
    if any(_repository(name) in promoted for name in names):
        found |= {"tag", "digest", "newTag"}
    return frozenset(found)


def _paths(before: object, after: object, path: str = "") -> Iterator[str]:
    """The fields that differ, by their paths; items of a list go by their names."""
    before, after = _named(before), _named(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {*before, *after}:
            if before.get(key) != after.get(key):
                yield from _paths(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif before != after:
        yield path


def _named(value: object) -> object:
    """A list whose items all have names of their own, as a mapping."""
    if not isinstance(value, list) or not value:
        return value
    named = {text(one, "name"): one for one in value}
    return named if len(named) == len(value) and "" not in named else value
