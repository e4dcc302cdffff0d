"""Helm: release values, charts that kustomize inflates, and what runs after rendering."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gitops_action.core.discovery.cursor import Cursor, Tree, merge, tree_of
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    Role,
    Spot,
    live_of,
    split_image,
)
from gitops_action.core.pattern import pattern

# The conventions by which Helm values name images.

_KEY = pattern(
    r"(?P<word>.*?)(?P<image>image)?"
    r"(?P<role>registry|repository|repo|name|tag|version|digest|sha256|sha)?",
    re.IGNORECASE,
)
_ROLES: dict[str, Role] = {
    "registry": "registry",
    "repository": "name",
    "repo": "name",
    "name": "name",
    "image": "name",
    "version": "tag",
    "tag": "tag",
    "digest": "digest",
    "sha": "digest",
    "sha256": "digest",
}
_NAME_ORDER = ("repository", "repo", "image", "name")

_JOINERS = str.maketrans("", "", "-_.")

Group = dict[str, Spot]


def values_places(tree: Tree, rule: tuple[str, str], parent: str = "") -> Iterator[ImageLocation]:
    """Every image that the tree names, with where each of its parts is written.

    Args:
        tree: values, or a part of them.
        rule: id and sentence for the places found.
        parent: the key that led here.
    """
    yield from _places(tree, rule, parent, _global_registry(tree))


def lone_versions(tree: Tree, parent: str = "") -> Iterator[Spot]:
    """Tags and digests that no repository stands beside: they need a marker or `set`."""
    if isinstance(tree, dict):
        for group in _groups(tree, parent).values():
            if "tag" in group and not any(name in group for name in _NAME_ORDER):
                yield group["tag"]
    for key, below in _below(tree):
        yield from lone_versions(below, key)


def _places(
    tree: Tree, rule: tuple[str, str], parent: str, registry: Spot | None
) -> Iterator[ImageLocation]:
    if isinstance(tree, dict):
        for group in _groups(tree, parent).values():
            place = _place(group, rule, registry)
            if place:
                yield place
    for key, below in _below(tree):
        yield from _places(below, rule, key or parent, registry)


def _below(tree: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from (("", item) for item in tree)


def _groups(mapping: dict[str, Tree], parent: str) -> dict[str, Group]:
    """The scalars of one mapping that speak of an image, by the word in front of their keys.

    Of two keys for one role the first by name counts: a render sorts the keys of its objects.
    """
    groups: dict[str, Group] = {}
    for key in sorted(mapping):
        value = mapping[key]
        spot = value.spot if isinstance(value, Cursor) else None
        word, role = _read_key(key, parent)
        if spot is not None and role:
            groups.setdefault(word, {}).setdefault(role, spot)
    return groups


def _read_key(key: str, parent: str) -> tuple[str, str]:
    """The word in front, and what the key says: a role, `image` for a whole one, or nothing."""
    found = _KEY.fullmatch(key.translate(_JOINERS))
    if found is None or not (found["image"] or found["role"]):
        return "", ""
    role = (found["role"] or "image").lower()
    # A bare `name` names anything; below `image` or in front of it, it names an image.
    if role == "name" and not found["image"] and "image" not in parent.lower():
        return "", ""
    return found["word"].lower(), role


def _place(group: Group, rule: tuple[str, str], registry: Spot | None) -> ImageLocation | None:
    name = next((group[key] for key in _NAME_ORDER if key in group), None)
    if name is None or name.kind == "null" or not name.value:
        return None
    spots = {
        _ROLES[key]: group[key]
        for key in ("version", "tag", "sha256", "sha", "digest")
        if key in group
    }
    written = split_image(name.value)
    if written.tag or written.digest:
        return _make(rule, {"reference": name})
    if not spots:
        return None
    own = registry or group.get("registry")
    return _make(rule, {"name": name, **({"registry": own} if own else {}), **spots})


def _make(rule: tuple[str, str], spots: dict[Role, Spot]) -> ImageLocation:
    return ImageLocation(rule=rule[0], reason=rule[1], spots=spots)


def _global_registry(tree: Tree) -> Spot | None:
    """`global.imageRegistry`, which charts of the Bitnami family put before every repository."""
    shared = tree.get("global") if isinstance(tree, dict) else None
    value = shared.get("imageRegistry") if isinstance(shared, dict) else None
    return value.spot if isinstance(value, Cursor) and value.text else None


VALUES_RULE = ("helm-values", "an image of the chart, by the conventions of Helm values")
RELEASE_RULE = ("helm-release", "an image of the chart, in the values of a HelmRelease")
INFLATION_RULE = ("kustomize-helm", "an image of a chart that kustomize inflates")


def values_lives(
    layers: Iterable[Tree], rule: tuple[str, str], *, rendered: bool = False
) -> Iterator[EffectiveImage]:
    """Images of merged values.

    Args:
        layers: lowest first.
        rule: what recognised them.
        rendered: whether the chart's output passes an image transformer afterwards.
    """
    for place in values_places(merge(layers), rule):
        yield live_of(place, reachable=rendered)


def release_values(manifest: Cursor) -> tuple[Tree, ...]:
    """The values of a Flux HelmRelease, or of a k3s HelmChart whose values are a text."""
    inline = manifest.get("spec", "values")
    text = manifest.get("spec", "valuesContent")
    return (*((tree_of(inline),) if inline else ()), *text_values(text))


def text_values(text: Cursor | None) -> tuple[Tree, ...]:
    """Values written as a text, as in Argo CD's `helm.values`."""
    return tuple(tree_of(document) for document in (text.inside() if text else ()))


def chart_files(chart: Cursor) -> Iterator[Cursor]:
    """The values files of one chart that kustomize inflates, lowest first."""
    first = chart.get("valuesFile")
    more = chart.get("additionalValuesFiles")
    if first is not None and first.text:
        yield first
    yield from (item for item in (more.items() if more else ()) if item.text)


def is_values_file(path: str) -> bool:
    """Whether a file is named as values usually are."""
    return "values" in path.rpartition("/")[2].lower()
