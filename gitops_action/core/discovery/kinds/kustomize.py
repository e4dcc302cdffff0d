"""Kustomizations: `images` entries and the patches that hold images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    ImageOwner,
    Role,
    Spelling,
    Spot,
    live_of,
    split_image,
)
from gitops_action.core.discovery.kinds import workloads
from gitops_action.core.yaml.path import Step

_FIELDS: tuple[tuple[str, Role], ...] = (
    ("newName", "name"),
    ("newTag", "tag"),
    ("digest", "digest"),
)


@dataclass(frozen=True, kw_only=True)
class ImagesEntry:
    """An item of an `images` list. Empty strings are what kustomize takes for absent.

    `naming` is the place that says the new name, where it is not `place`; `above` says that the
    entry comes after those that could be added to the kustomization itself; `keeps_name` that the
    new name of an entry that it replaces stays; `line` is where the name that it looks for stands.
    """

    place: ImageLocation
    name: str
    new_name: str
    new_tag: str
    digest: str
    suffix: str = ""
    naming: ImageLocation | None = None
    above: bool = False
    keeps_name: bool = False
    line: int = 0

    @property
    def settles(self) -> bool:
        """Whether it says a version."""
        return bool(self.new_tag or self.digest)

    def over(self, below: ImagesEntry) -> ImagesEntry:
        """This entry merged over one of the same name: the name apart from tag and digest."""
        version = self if self.settles else below
        naming = self if self.new_name else below
        return replace(
            version,
            new_name=naming.new_name,
            naming=naming.naming or naming.place,
            above=version.above,
        )

    def rewrite(self, spelling: Spelling) -> Spelling:
        """What it makes of an image: a tag or digest replaces both that were there."""
        name = self.new_name or spelling.name
        if self.settles:
            return Spelling(name=name, tag=self.new_tag, digest=self.digest)
        if self.suffix:
            return Spelling(name=name, tag=spelling.tag + self.suffix)
        return replace(spelling, name=name)


@dataclass(frozen=True, kw_only=True)
class PatchTarget:
    """What a patch applies to; empty fields match everything. `name` may be an expression."""

    group: str = ""
    kind: str = ""
    name: str = ""
    exact: bool = False
    selects_more: bool = False


@dataclass(frozen=True, kw_only=True)
class Patched:
    """What a patch does to images.

    Attributes:
        target: the objects it applies to.
        action: `merge` (strategic), or what a JSON operation does: `set` one image, `put` an item,
            `insert` an item, `fill` a whole list, `remove`.
        listed: the way to the list of containers or volumes; for `remove`, to what goes.
        lives: the images it brings.
        index: position in the list; -1 is its end; None where names decide.
        item: the container a strategic merge takes away.
    """

    target: PatchTarget
    action: str
    listed: tuple[Step, ...] = ()
    lives: tuple[EffectiveImage, ...] = ()
    index: int | None = None
    item: str = ""


def image_entries(
    listed: Cursor | None, rule: str = "kustomize-images", reason: str = ""
) -> Iterator[ImagesEntry]:
    """The items of an `images` list that have a name."""
    for item in listed.items() if listed else ():
        entry = image_entry(item, rule, reason)
        if entry is not None:
            yield entry


def image_entry(item: Cursor, rule: str, reason: str = "") -> ImagesEntry | None:
    """One entry of an `images` list; None where it has no name or changes nothing."""
    name, new_name = item.say("name"), item.get("newName")
    spots: dict[Role, Spot] = {
        role: found.spot
        for key, role in _FIELDS
        if (found := item.get(key)) is not None and found.spot is not None
    }
    if not name or not spots:
        return None
    reason = reason or f"the `images` entry for {name}"
    place = ImageLocation(rule=rule, reason=reason, spots=spots, literal=name)
    entry = ImagesEntry(
        place=place,
        name=name,
        new_name=item.say("newName"),
        new_tag=item.say("newTag"),
        digest=item.say("digest"),
        suffix=item.say("tagSuffix"),
        line=found.line if (found := item.get("name")) else 0,
    )
    written = split_image(entry.new_name)
    if entry.settles or new_name is None or not (written.tag or written.digest):
        return entry
    # kustomize takes the whole text for the name, so that the version is settled there.
    whole = ImageLocation(rule=rule, reason=reason, spots={"reference": spots["name"]})
    return replace(
        entry, place=whole, new_name=written.name, new_tag=written.tag, digest=written.digest
    )


def patched_images(patch: Cursor, target: PatchTarget | None) -> Iterator[Patched]:
    """What one document of a patch does: a strategic merge, or a list of JSON operations."""
    if patch.is_mapping:
        for manifest in workloads.manifests(patch):
            yield from _strategic(manifest, target)
    elif target is not None:
        for operation in patch.items():
            yield from _operation(operation, target)


def target_of(cursor: Cursor | None) -> PatchTarget | None:
    """A patch's `target`; None when it has none."""
    if cursor is None:
        return None
    return PatchTarget(
        group=cursor.say("group"),
        kind=cursor.say("kind"),
        name=cursor.say("name"),
        selects_more=bool(cursor.say("labelSelector") or cursor.say("annotationSelector")),
    )


def named_target(resource: ImageOwner) -> PatchTarget:
    """The target of a strategic merge patch that names its object itself."""
    return PatchTarget(group=resource.group, kind=resource.kind, name=resource.names[0], exact=True)


def _strategic(manifest: Cursor, target: PatchTarget | None) -> Iterator[Patched]:
    resource = workloads.resource_of(manifest)
    aimed = target or named_target(resource)
    if manifest.say("$patch") == "delete":
        yield Patched(target=aimed, action="remove")
        return
    base = len(manifest.steps)
    for here in manifest.walk():
        if here.last not in workloads.CONTAINER_LISTS and here.last != "volumes":
            continue
        listed = here.steps[base:]
        for item in here.items():
            if item.say("$patch") == "delete":
                name = item.say("name")
                yield Patched(target=aimed, action="drop", listed=listed, item=name)
        own = (live for live in workloads.pod_images(here, base) if live.listed == listed)
        lives = tuple(_labelled(replace(live, resource=resource)) for live in own)
        yield Patched(target=aimed, action="merge", listed=listed, lives=lives)


def _operation(operation: Cursor, target: PatchTarget) -> Iterator[Patched]:
    action, value = operation.say("op"), operation.get("value")
    steps = pointer(operation.say("path"))
    if action == "remove":
        yield Patched(target=target, action="remove", listed=steps)
    elif value is not None and action in {"add", "replace"}:
        yield from _brought(value, steps, target, action)


def _brought(
    value: Cursor, steps: tuple[Step, ...], target: PatchTarget, action: str
) -> Iterator[Patched]:
    """Images in the value of an operation: one image, a container, a list, or more around it."""
    tail = {"image": 2, "reference": 3}.get(str(steps[-1]) if steps else "", 1)
    listed, position = steps[:-tail], (steps[-tail] if steps else None)
    if _is_list(listed) and isinstance(position, int | str):
        index = position if isinstance(position, int) else -1
        place = _item_image(value, listed, whole=tail == 1)
        if place:
            live = replace(
                live_of(place, reachable=workloads.is_reached(listed)), listed=listed, index=index
            )
            inserted = "insert" if action == "add" and tail == 1 else "set"
            named = replace(_labelled(live), item=value.say("name"))
            yield Patched(
                target=target, action=inserted, listed=listed, lives=(named,), index=index
            )
        return
    placed = replace(value, steps=steps)
    lives = tuple(
        _labelled(_moved_back(live, value, steps)) for live in workloads.pod_images(placed, 0)
    )
    yield Patched(target=target, action="fill", listed=steps, lives=lives)


def _item_image(value: Cursor, listed: tuple[Step, ...], *, whole: bool) -> ImageLocation | None:
    if not whole:
        return workloads.reference_place(value, "kustomize-patch", "")
    return (
        workloads.volume_image(value)
        if listed[-1] == "volumes"
        else workloads.container_image(value)
    )


def _moved_back(live: EffectiveImage, value: Cursor, steps: tuple[Step, ...]) -> EffectiveImage:
    """The value was read as if it stood in the object; its scalar stands in the patch."""
    spot = live.version.main
    path = replace(spot.path, steps=value.steps + spot.path.steps[len(steps) :])
    moved = replace(
        spot,
        path=path,
        anchored=None if spot.anchored == path else spot.anchored,
        readers=tuple(place for place in spot.readers if place != path),
    )
    place = replace(live.version, spots={"reference": moved})
    return replace(live, naming=place, version=place)


def _is_list(steps: tuple[Step, ...]) -> bool:
    return bool(steps) and (steps[-1] in workloads.CONTAINER_LISTS or steps[-1] == "volumes")


def _labelled(live: EffectiveImage) -> EffectiveImage:
    reason = "the image that a kustomize patch sets"
    place = replace(live.version, rule="kustomize-patch", reason=reason)
    return replace(live, naming=place, version=place)


def pointer(text: str) -> tuple[Step, ...]:
    """A JSON pointer (RFC 6901) as steps; digits are indexes."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


# What Flux and Argo CD put into a kustomization before they build it.


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What is added to the kustomization of a folder.

    Attributes:
        by: who builds; they treat entries of the same name differently.
        patches: items of `patches`, behind those of the kustomization.
        components: items of `components`, behind those of the kustomization.
        entries: items of `images`.
        flat: of a folder without a kustomization, only the files directly in it are taken.
    """

    by: Literal["flux", "argocd"]
    patches: tuple[Cursor, ...] = ()
    components: tuple[Cursor, ...] = ()
    entries: tuple[ImagesEntry, ...] = ()
    flat: bool = False

    @property
    def any(self) -> bool:
        """Whether anything is added."""
        return bool(self.patches or self.components or self.entries)

    def merged(self, own: Iterable[ImagesEntry]) -> tuple[ImagesEntry, ...]:
        """The kustomization's own entries with the added ones.

        Flux merges the fields of entries of one name in place and appends the others (fluxcd/pkg
        kustomize since 1.39; before, the added entry took the whole place). Argo CD runs
        `kustomize edit set image`, which replaces entries of one name and sorts all by name.
        """
        if self.by == "flux":
            return tuple(self._in_place(tuple(own)))
        if not self.entries:
            return tuple(own)
        by_name = {entry.name: entry for entry in own}
        for entry in self.entries:
            below = by_name.get(entry.name) if entry.keeps_name else None
            by_name[entry.name] = entry.over(below) if below else entry
        return tuple(by_name[name] for name in sorted(by_name))

    def _in_place(self, own: tuple[ImagesEntry, ...]) -> Iterator[ImagesEntry]:
        added = {entry.name: entry for entry in self.entries}
        first: set[str] = set()
        for entry in own:
            above = added.get(entry.name) if entry.name not in first else None
            first.add(entry.name)
            yield above.over(entry) if above else entry
        yield from (entry for entry in self.entries if entry.name not in first)
