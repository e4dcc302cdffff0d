"""`images` entries applied to images, in the order and by the rules of kustomize's transformer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor, Tree, tree_of
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageOwner,
    Spelling,
    Spot,
    entry_matches,
    split_image,
)
from gitops_action.core.discovery.kinds import flux, helm, kustomize
from gitops_action.core.discovery.kinds.workloads import BUILT_IN_GROUPS, manifests, resource_of
from gitops_action.core.linear_regex import LinearRegexError, linear_regex
from gitops_action.core.yaml.path import Step
from gitops_action.errors import GitOpsError, Location


def apply_entries(
    lives: Iterable[EffectiveImage], entries: Iterable[kustomize.ImagesEntry], *, whole: bool
) -> tuple[EffectiveImage, ...]:
    """The images after all entries, each applied to what the one before made.

    An entry that reaches no image seen here is kept as an image of its own (`seen` False): what it
    is for may be rendered from something that was not read. When all was read (`whole`), it is
    `dead`: kustomize matches names literally, and no image has this one.
    """
    current = tuple(lives)
    for entry in entries:
        reached = [_reaches(entry, live) for live in current]
        current = tuple(
            _rewritten(live, entry) if hit else live
            for live, hit in zip(current, reached, strict=True)
        )
        if not any(reached):
            current = (*current, _unseen(entry, dead=whole))
    return current


def _reaches(entry: kustomize.ImagesEntry, live: EffectiveImage) -> bool:
    if not live.reachable:
        return False
    hit = entry_matches(entry.name, str(live.spelling))
    if hit is None:
        spot = entry.place.main
        raise GitOpsError(
            f"The entry name {entry.name!r} is an expression that is not evaluated here",
            cause="kustomize reads names as regular expressions; this one could take forever",
            fix="name the image itself",
            location=Location(file=spot.file, line=spot.line),
        )
    return hit


def _rewritten(live: EffectiveImage, entry: kustomize.ImagesEntry) -> EffectiveImage:
    spelling = split_image(str(entry.rewrite(live.spelling)))
    passed = len(live.layers) + entry.above
    return replace(
        live,
        spelling=spelling,
        naming=(entry.naming or entry.place) if entry.new_name else live.naming,
        version=entry.place if entry.settles else live.version,
        named=passed if entry.new_name else live.named,
        settled=passed if entry.settles else live.settled,
    )


def _unseen(entry: kustomize.ImagesEntry, *, dead: bool) -> EffectiveImage:
    return EffectiveImage(
        spelling=split_image(str(entry.rewrite(Spelling(name=entry.name)))),
        naming=entry.naming or entry.place,
        version=entry.place,
        reachable=True,
        seen=False,
        dead=dead,
    )


# Patches applied to images: which image a patch means, and what becomes of it.


def apply_patch(
    lives: Iterable[EffectiveImage], patched: kustomize.Patched, *, open_below: bool
) -> tuple[EffectiveImage, ...]:
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


def matches(target: kustomize.PatchTarget, resource: ImageOwner) -> bool:
    """Whether a patch's target is this object. kustomize anchors the expressions at both ends."""
    if target.exact:
        same = (target.group, target.kind) == (resource.group, resource.kind)
        return same and target.name in resource.names
    fields = ((target.group, (resource.group,)), (target.kind, (resource.kind,)))
    return all(
        not requested or any(_full(requested, value) for value in values)
        for requested, values in (*fields, (target.name, resource.names))
    )


def _full(pattern: str, value: str) -> bool:
    """Whether a patch's target, which kustomize reads as an expression of Go, fits a value."""
    try:
        return linear_regex(pattern).fits(value)
    except LinearRegexError:
        return pattern == value


def _change(
    own: list[EffectiveImage], patched: kustomize.Patched, resource: ImageOwner
) -> list[EffectiveImage]:
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


def _merge(
    listed: list[EffectiveImage], patched: kustomize.Patched, resource: ImageOwner
) -> list[EffectiveImage]:
    """Built-in kinds merge containers by name, new ones in front; lists of others are replaced."""
    if resource.group not in BUILT_IN_GROUPS:
        return list(patched.lives) or listed
    by_name = {live.item: live for live in patched.lives}
    merged = [_overlaid(live, by_name.pop(live.item, None)) for live in listed]
    return _renumber([*by_name.values(), *merged])


def _overlaid(live: EffectiveImage, above: EffectiveImage | None) -> EffectiveImage:
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


def _set(listed: list[EffectiveImage], patched: kustomize.Patched) -> list[EffectiveImage]:
    new = patched.lives[0]
    if all(live.index != patched.index for live in listed):
        return [*listed, new]
    return [_overlaid(live, new) if live.index == patched.index else live for live in listed]


def _insert(listed: list[EffectiveImage], patched: kustomize.Patched) -> list[EffectiveImage]:
    at = patched.index
    ordered = sorted(listed, key=lambda live: live.index)
    position = len(ordered) if at is None or at < 0 else at
    return _renumber([*ordered[:position], *patched.lives, *ordered[position:]])


def patch_fields(
    lives: Iterable[EffectiveImage], patch: Cursor, target: kustomize.PatchTarget | None
) -> tuple[EffectiveImage, ...]:
    """The images outside of pods after one document of a patch."""
    current = tuple(lives)
    if patch.is_mapping:
        for manifest in manifests(patch):
            aimed = target or kustomize.named_target(resource_of(manifest))
            current = tuple(_with_fields(live, aimed, (), manifest) for live in current)
    elif target is not None:
        for operation in patch.items():
            value, steps = operation.get("value"), kustomize.pointer(operation.say("path"))
            if value is not None and operation.say("op") in {"add", "replace"}:
                current = tuple(_with_fields(live, target, steps, value) for live in current)
    return current


def _with_fields(
    live: EffectiveImage, target: kustomize.PatchTarget, steps: tuple[Step, ...], value: Cursor
) -> EffectiveImage:
    """The image with the scalars that a value brings which a patch puts at `steps`."""
    if not live.fields or live.resource is None or not matches(target, live.resource):
        return live
    found = {role: _below(value, way, steps) for role, way in live.fields}
    new = {role: spot for role, spot in found.items() if spot is not None}
    if not new:
        return live
    reason = "the image that a kustomize patch sets"
    spots = {**live.naming.spots, **live.version.spots, **new}
    place = replace(live.version, rule="kustomize-patch", reason=reason, spots=spots)
    return replace(live, spelling=place.spelling, naming=place, version=place)


def _below(value: Cursor, way: tuple[Step, ...], steps: tuple[Step, ...]) -> Spot | None:
    if way[: len(steps)] != steps:
        return None
    found = value.get(*(str(step) for step in way[len(steps) :]))
    return found.spot if found else None


def _remove(own: list[EffectiveImage], steps: tuple[object, ...]) -> list[EffectiveImage]:
    kept = []
    for live in own:
        if (*live.listed, live.index)[: len(steps)] == steps:
            continue
        if any(way[: len(steps)] == steps for _, way in live.fields):
            continue
        behind = steps[:-1] == live.listed and isinstance(steps[-1], int)
        shift = 1 if behind and isinstance(steps[-1], int) and live.index > steps[-1] else 0
        kept.append(replace(live, index=live.index - shift))
    return kept


def _renumber(lives: Iterable[EffectiveImage]) -> list[EffectiveImage]:
    return [replace(live, index=index) for index, live in enumerate(lives)]


# Flux HelmReleases on their way through kustomizations, whose patches change their values.


class GeneratedValues(Protocol):
    """What the generators of a kustomization make."""

    def values(self, kind: str, name: str, key: str) -> tuple[Tree, ...]:
        """Values under a key of an object; none where no generator makes them."""
        ...


_VALUES = ("spec", "values")


@dataclass(frozen=True, kw_only=True)
class ReleaseValues:
    """A release: its object, layers of values, lowest first, and what renders after the chart.

    `references` are the ConfigMaps and Secrets (kind, name, key) whose values lie below its own,
    `chart` the values files of a chart in this repository, which lie below all.
    """

    resource: ImageOwner
    layers: tuple[Tree, ...]
    renderers: tuple[Cursor, ...] = ()
    references: tuple[tuple[str, str, str], ...] = ()
    chart: tuple[Tree, ...] = ()


def release_of(manifest: Cursor) -> ReleaseValues:
    """A release as its manifest says it."""
    listed = manifest.get("spec", "postRenderers")
    steps = (item.get("kustomize") for item in (listed.items() if listed else ()))
    return ReleaseValues(
        resource=resource_of(manifest),
        layers=helm.release_values(manifest),
        renderers=tuple(step for step in steps if step),
        references=tuple(_references(manifest)),
    )


def with_generated(
    releases: tuple[ReleaseValues, ...], values: GeneratedValues
) -> tuple[tuple[ReleaseValues, ...], tuple[ReleaseValues, ...]]:
    """The releases with the values that generators make for them, and those that changed."""
    current: list[ReleaseValues] = []
    changed: list[ReleaseValues] = []
    for release in releases:
        found = {ref: values.values(*ref) for ref in release.references}
        layers = tuple(tree for ref in release.references for tree in found[ref])
        if not layers:
            current.append(release)
            continue
        left = tuple(ref for ref in release.references if not found[ref])
        changed.append(replace(release, layers=(*layers, *release.layers), references=left))
        current.append(changed[-1])
    return tuple(current), tuple(changed)


def _references(manifest: Cursor) -> Iterator[tuple[str, str, str]]:
    listed = manifest.get("spec", "valuesFrom")
    for item in listed.items() if listed else ():
        if not item.say("targetPath"):
            yield item.say("kind"), item.say("name"), item.say("valuesKey") or "values.yaml"


def patch_releases(
    releases: tuple[ReleaseValues, ...],
    patch: Cursor,
    target: kustomize.PatchTarget | None,
    *,
    open_below: bool,
) -> tuple[ReleaseValues, ...]:
    """The releases after one document of a patch; those it changes are new objects.

    Args:
        releases: those before.
        patch: a strategic merge, or a list of JSON operations.
        target: what the patch names as its target.
        open_below: something below was not read, so that a patch may stand for a release.
    """
    current = releases
    for aimed, layer in _layers(patch, target):
        hit = [release for release in current if matches(aimed, release.resource)]
        current = tuple(
            replace(release, layers=(*release.layers, layer)) if release in hit else release
            for release in current
        )
        if not hit and open_below and patch.is_mapping:
            current = (*current, *(release_of(item) for item in manifests(patch)))
    return current


def _layers(
    patch: Cursor, target: kustomize.PatchTarget | None
) -> Iterator[tuple[kustomize.PatchTarget, Tree]]:
    """What each part of a patch lays over the values of its target."""
    if patch.is_mapping:
        for manifest in manifests(patch):
            if flux.is_release(manifest):
                aimed = target or kustomize.named_target(resource_of(manifest))
                yield from ((aimed, layer) for layer in helm.release_values(manifest))
    elif target is not None:
        for operation in patch.items():
            value, steps = operation.get("value"), kustomize.pointer(operation.say("path"))
            if value is not None and steps[:2] == _VALUES:
                tree = tree_of(value)
                for step in reversed(steps[2:]):
                    tree = {str(step): tree}
                yield target, tree
