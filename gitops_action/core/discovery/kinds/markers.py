"""Comments that say which image a value belongs to.

Ours: `# gitops-image: REPOSITORY[:tag|:name|:digest]`. Flux': `# {"$imagepolicy": "ns:policy"}`
with the same endings, by Flux' guide on marking image fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import (
    Live,
    Place,
    Role,
    Spot,
    live_of,
    repository_of,
    split_image,
)

BYTES = (b"gitops-image", b"$imagepolicy")
_OURS = re.compile(r"gitops-image:\s*(?P<what>[^\s}]+)")
_FLUX = re.compile(r"\"\$imagepolicy\"\s*:\s*\"(?P<what>[^\"]+)\"")
_ENDINGS: dict[str, Role] = {"tag": "tag", "name": "name", "digest": "digest"}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A marked scalar: `repository` or `policy` (`namespace:name`) says what it belongs to."""

    spot: Spot
    role: Role
    repository: str | None
    policy: str
    parent: tuple[object, ...]


def marks(document: Cursor) -> Iterator[Mark]:
    """Every marked scalar of a document, also in YAML that a block of text holds."""
    for here in document.walk():
        spot = here.spot
        if spot is None:
            continue
        if spot.comment:
            yield from _read(spot, here)
        if "\n" in spot.value and any(mark.decode() in spot.value for mark in BYTES):
            for inner in here.inside():
                yield from marks(inner)


def unread(document: Cursor) -> Iterator[Spot]:
    """Texts that mention a marker but hold no YAML it could stand in."""
    for here in document.walk():
        spot = here.spot
        if spot and "\n" in spot.value and any(mark.decode() in spot.value for mark in BYTES):
            inner = [mark for held in here.inside() for mark in marks(held)]
            if not inner:
                yield spot


def unresolved(listed: Iterable[Mark], repositories: Mapping[str, str]) -> tuple[Mark, ...]:
    """The marks whose policy leads to no repository."""
    known = _known(tuple(listed), repositories)
    return tuple(mark for mark in listed if not _repository(mark, known))


def marked_lives(listed: Iterable[Mark], repositories: Mapping[str, str]) -> Iterator[Live]:
    """The images that marks name: those side by side, of one image, make one place.

    Args:
        listed: the marks of an environment.
        repositories: by policy, where the policy's own objects are in the repository.
    """
    every = tuple(listed)
    known = _known(every, repositories)
    groups: dict[tuple[object, ...], list[Mark]] = {}
    for mark in every:
        repository = _repository(mark, known)
        if repository:
            whole = mark.spot.key if mark.role == "reference" else mark.parent
            groups.setdefault((repository, mark.spot.file, whole), []).append(mark)
    for group in groups.values():
        repository = _repository(group[0], known)
        place = _place(repository, group) if repository else None
        if place is not None:
            yield live_of(place)


def _read(spot: Spot, here: Cursor) -> Iterator[Mark]:
    ours, theirs = _OURS.search(spot.comment), _FLUX.search(spot.comment)
    found = ours or theirs
    if found is None:
        return
    name, _, ending = found["what"].rpartition(":")
    role: Role = _ENDINGS.get(ending, "reference") if name else "reference"
    what = found["what"] if role == "reference" else name
    outer = here.outer.at if here.outer else ""
    yield Mark(
        spot=spot,
        role=role,
        repository=repository_of(what) if ours else None,
        policy="" if ours else what,
        parent=(outer, here.document, here.steps[:-1]),
    )


def _known(every: tuple[Mark, ...], repositories: Mapping[str, str]) -> dict[str, str]:
    """Repositories by policy: from its objects, else from what its other marks stand beside."""
    known = dict(repositories)
    for mark in every:
        if mark.policy and mark.role in {"reference", "name"}:
            found = repository_of(split_image(mark.spot.value).name)
            if found:
                known.setdefault(mark.policy, found)
    return known


def _repository(mark: Mark, known: Mapping[str, str]) -> str | None:
    return mark.repository or known.get(mark.policy)


def _place(repository: str, group: list[Mark]) -> Place | None:
    first = group[0]
    ours = first.repository is not None
    spots: dict[Role, Spot] = {mark.role: mark.spot for mark in group}
    if "reference" in spots and repository_of(split_image(first.spot.value).name) != repository:
        return None
    return Place(
        rule="marker" if ours else "imagepolicy-marker",
        reason=(
            f"marked with `gitops-image: {repository}`"
            if ours
            else f"marked with the image policy {first.policy}"
        ),
        spots=spots,
        assumed=None if "reference" in spots else repository,
    )
