"""Patches applied to images: which image a patch means, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from gitops_action.core.discovery.kinds.kustomize import Patched, Target
from gitops_action.core.discovery.kinds.workloads import BUILT_IN_GROUPS
from gitops_action.core.discovery.live import Live, Resource

_LONGEST_PATTERN = 300


def apply_patch(lives: Iterable[Live], patched: Patched, *, open_below: bool) -> tuple[Live, ...]:
    """The images after a patch.

    Args:
        lives: the images before, those of other objects included.
        patched: one thing the patch does.
        open_below: something below was not read, so that a patch without a visible object still
            sets an image.
    """
    every = tuple(lives)
    hit = [live for live in every if live.resource and matches(patched.target, live.resource)]
    objects = list(dict.fromkeys(live.resource for live in hit if live.resource))
    if not objects:
        return (*every, *patched.lives) if open_below else every
    kept = [live for live in every if live not in set(hit)]
    for resource in objects:
        own = [live for live in hit if live.resource == resource]
        kept += [replace(live, resource=resource) for live in _change(own, patched, resource)]
    return tuple(kept)


def matches(target: Target, resource: Resource) -> bool:
    """Whether a patch's target is this object. kustomize anchors the expressions at both ends."""
    if target.exact:
        same = (target.group, target.kind) == (resource.group, resource.kind)
        return same and target.name in resource.names
    fields = ((target.group, (resource.group,)), (target.kind, (resource.kind,)))
    return all(
        not wanted or any(_full(wanted, value) for value in values)
        for wanted, values in (*fields, (target.name, resource.names))
    )


def _full(pattern: str, value: str) -> bool:
    if len(pattern) > _LONGEST_PATTERN or re.search(r"\)\s*[*+{]", pattern):
        return pattern == value
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return pattern == value


def _change(own: list[Live], patched: Patched, resource: Resource) -> list[Live]:
    listed = [live for live in own if live.listed == patched.listed]
    others = [live for live in own if live.listed != patched.listed]
    match patched.action:
        case "merge":
            return others + _merge(listed, patched, resource)
        case "drop":
            return others + _renumber(live for live in listed if live.item != patched.item)
        case "set":
            return others + _set(listed, patched)
        case "insert":
            return others + _insert(listed, patched)
        case "fill":
            size = len(patched.listed)
            kept = [live for live in own if live.listed[:size] != patched.listed]
            return kept + list(patched.lives)
        case _:
            return _remove(own, patched.listed)


def _merge(listed: list[Live], patched: Patched, resource: Resource) -> list[Live]:
    """Built-in kinds merge containers by name, new ones in front; lists of others are replaced."""
    if resource.group not in BUILT_IN_GROUPS:
        return list(patched.lives) or listed
    by_name = {live.item: live for live in patched.lives}
    merged = [_overlaid(live, by_name.pop(live.item, None)) for live in listed]
    return _renumber([*by_name.values(), *merged])


def _overlaid(live: Live, above: Live | None) -> Live:
    """The image with what a patch says over it; the object and the layers stay."""
    if above is None:
        return live
    return replace(
        live,
        spelling=above.spelling,
        naming=above.naming,
        version=above.version,
        named=len(live.layers),
        settled=len(live.layers),
        seen=True,
    )


def _set(listed: list[Live], patched: Patched) -> list[Live]:
    new = patched.lives[0]
    if all(live.index != patched.index for live in listed):
        return [*listed, new]
    return [_overlaid(live, new) if live.index == patched.index else live for live in listed]


def _insert(listed: list[Live], patched: Patched) -> list[Live]:
    at = patched.index
    ordered = sorted(listed, key=lambda live: live.index)
    position = len(ordered) if at is None or at < 0 else at
    return _renumber([*ordered[:position], *patched.lives, *ordered[position:]])


def _remove(own: list[Live], steps: tuple[object, ...]) -> list[Live]:
    kept = []
    for live in own:
        if (*live.listed, live.index)[: len(steps)] == steps:
            continue
        behind = steps[:-1] == live.listed and isinstance(steps[-1], int)
        shift = 1 if behind and isinstance(steps[-1], int) and live.index > steps[-1] else 0
        kept.append(replace(live, index=live.index - shift))
    return kept


def _renumber(lives: Iterable[Live]) -> list[Live]:
    return [replace(live, index=index) for index, live in enumerate(lives)]
