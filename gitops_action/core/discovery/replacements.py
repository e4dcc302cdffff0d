"""kustomize `replacements`: values copied from one object into the images of others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    Role,
    Spelling,
    Spot,
    Untraced,
    split_image,
)
from gitops_action.core.discovery.kinds.kustomize import PatchTarget, target_of
from gitops_action.core.discovery.transforms import matches
from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.path import Step

RULE = "kustomize-replacement"
_SEGMENT = pattern(r"\[([^\]=]+)=([^\]]*)\]")
_FIX = "change it where it is written, or set the image with an `images` entry instead"

Find = Callable[[PatchTarget, str], Spot | Untraced]
"""Finds the scalar at a field path (`data.TAG`) of the object that a selector names."""


@dataclass(frozen=True, kw_only=True)
class _Options:
    """How a value is cut in pieces: `delimiter` (empty: not at all) and the piece's index."""

    delimiter: str
    index: int


def apply_replacement(
    lives: tuple[EffectiveImage, ...], item: Cursor, find: Find
) -> tuple[EffectiveImage, ...]:
    """The images after one replacement."""
    source = item.get("source")
    if source is None:
        return lives
    current = lives
    for target in _items(item, "targets"):
        current = tuple(_replaced(live, source, target, current, find) for live in current)
    return current


def _replaced(
    live: EffectiveImage,
    source: Cursor,
    target: Cursor,
    lives: tuple[EffectiveImage, ...],
    find: Find,
) -> EffectiveImage:
    if live.resource is None or not _is_selected(live, target):
        return live
    hits = [
        role
        for path in _items(target, "fieldPaths")
        for role, way in _ways(live)
        if _leads_to(segments(path.text or ""), way, live.item)
    ]
    for role in hits:
        live = _with_value(live, role, source, target, _value(source, lives, find))
    return live


def _is_selected(live: EffectiveImage, target: Cursor) -> bool:
    select = target_of(target.get("select"))
    rejected = (target_of(reject) for reject in _items(target, "reject"))
    resource = live.resource
    if resource is None or select is None or not matches(select, resource):
        return False
    return not any(reject and matches(reject, resource) for reject in rejected)


def _ways(live: EffectiveImage) -> tuple[tuple[Role, tuple[Step, ...]], ...]:
    """The way from the object's top to each scalar of the image."""
    if live.fields:
        return live.fields
    tail = ("image", "reference") if live.listed[-1:] == ("volumes",) else ("image",)
    return (("reference", (*live.listed, live.index, *tail)),)


def segments(path: str) -> tuple[str, ...]:
    r"""A field path in its segments: `.` separates, `\.` and `[a=b.c]` do not."""
    parts = re.findall(r"(?:\[[^\]]*\]|\\.|[^.\\])+", path)
    return tuple(part.replace("\\.", ".") for part in parts)


def _leads_to(path: tuple[str, ...], way: tuple[Step, ...], item: str) -> bool:
    """Whether a field path names a value, or something around it."""
    if not path or len(path) > len(way):
        return False
    return all(_names(part, step, item) for part, step in zip(path, way, strict=False))


def _names(part: str, step: Step, item: str) -> bool:
    if isinstance(step, int):
        named = _SEGMENT.fullmatch(part)
        if named:
            return named[1] == "name" and named[2] == item
        return part == "*" or part == str(step)
    return part in {"*", step}


def _value(
    source: Cursor, lives: tuple[EffectiveImage, ...], find: Find
) -> Spot | Untraced | EffectiveImage:
    """Where the value comes from: a scalar, or another image as it is by then."""
    selector = target_of(source) or PatchTarget()
    path = source.say("fieldPath") or "metadata.name"
    for live in lives:
        if live.resource and matches(selector, live.resource):
            for _, way in _ways(live):
                if len(way) == len(segments(path)) and _leads_to(segments(path), way, live.item):
                    return live
    return find(selector, path)


def _with_value(
    live: EffectiveImage,
    role: Role,
    source: Cursor,
    target: Cursor,
    value: Spot | Untraced | EffectiveImage,
) -> EffectiveImage:
    if isinstance(value, Untraced):
        return replace(live, untraced=value)
    cut, into = _options(source), _options(target)
    if isinstance(value, EffectiveImage):
        return _copied(live, value, cut, into, target)
    spot = _piece(value, cut)
    if spot is None or (live.fields and role != "reference" and into.delimiter):
        return replace(live, untraced=_unclear(target))
    if live.fields and role != "reference":
        place = replace(live.version, rule=RULE, reason=_reason(value), spots={
            **live.naming.spots, **live.version.spots, role: spot
        })  # fmt: skip
        return _settled(live, place.spelling, naming=place, version=place)
    return _into(live, spot, into, target)


def _into(live: EffectiveImage, spot: Spot, into: _Options, target: Cursor) -> EffectiveImage:
    """The image with a value in the place that the options of a target name."""
    if not into.delimiter:
        place = ImageLocation(rule=RULE, reason=_reason(spot), spots={"reference": spot})
        return _settled(live, place.spelling, naming=place, version=place)
    text = str(live.spelling)
    pieces = text.split(into.delimiter)
    if not 0 <= into.index < len(pieces):
        return replace(live, untraced=_unclear(target))
    pieces[into.index] = spot.value
    spelling = split_image(into.delimiter.join(pieces))
    old = live.spelling
    if (spelling.tag, spelling.digest) != (old.tag, old.digest) or into.delimiter in {":", "@"}:
        roles: dict[str, Role] = {spelling.tag: "tag", spelling.digest: "digest"}
        role = roles.get(spot.value) if spot.value else None
        if role is None and spelling.name == spot.value:
            place = ImageLocation(rule=RULE, reason=_reason(spot), spots={"name": spot})
            return _settled(live, spelling, naming=place)
        if role is None:
            return replace(live, untraced=_unclear(target))
        place = ImageLocation(
            rule=RULE, reason=_reason(spot), spots={role: spot}, assumed=spelling.name
        )
        return _settled(live, spelling, version=place)
    return replace(live, spelling=spelling)


def _copied(
    live: EffectiveImage, other: EffectiveImage, cut: _Options, into: _Options, target: Cursor
) -> EffectiveImage:
    """The image with another image, or a piece of it, in its place."""
    if not cut.delimiter and not into.delimiter:
        return _settled(live, other.spelling, naming=other.naming, version=other.version)
    if (cut, into) == (_Options(delimiter=":", index=1), _Options(delimiter=":", index=1)):
        version = Spelling(
            name=live.spelling.name, tag=other.spelling.tag, digest=other.spelling.digest
        )
        return _settled(live, version, version=other.version)
    return replace(live, untraced=_unclear(target))


def _settled(
    live: EffectiveImage,
    spelling: Spelling,
    *,
    naming: ImageLocation | None = None,
    version: ImageLocation | None = None,
) -> EffectiveImage:
    passed = len(live.layers)
    return replace(
        live,
        spelling=spelling,
        naming=naming or live.naming,
        version=version or live.version,
        named=passed if naming else live.named,
        settled=passed if version else live.settled,
        untraced=None,
    )


def _piece(spot: Spot, options: _Options) -> Spot | None:
    if not options.delimiter:
        return spot
    pieces = spot.value.split(options.delimiter)
    if not 0 <= options.index < len(pieces):
        return None
    start = sum(len(piece) + len(options.delimiter) for piece in pieces[: options.index])
    return spot.part(start, start + len(pieces[options.index]))


def _options(holder: Cursor) -> _Options:
    index = holder.say("options", "index")
    number = int(index) if index.lstrip("-").isdecimal() else 0
    return _Options(delimiter=holder.say("options", "delimiter"), index=number)


def _reason(spot: Spot) -> str:
    return f"kustomize copies {spot.at} into the image"


def _unclear(target: Cursor) -> Untraced:
    return Untraced(
        file=target.file,
        line=target.line,
        what="a kustomize replacement puts the image together from pieces",
        fix=_FIX,
    )


def missing_source(item: Cursor, selector: PatchTarget, path: str) -> Untraced:
    """The answer of a `Find` that finds nothing."""
    named = " ".join(part for part in (selector.kind, selector.name) if part)
    return Untraced(
        file=item.file,
        line=item.line,
        what=f"a kustomize replacement takes it from {path} of {named}, which was not found",
        fix=_FIX,
    )


def _items(cursor: Cursor, key: str) -> Iterator[Cursor]:
    found = cursor.get(key)
    yield from found.items() if found else ()
