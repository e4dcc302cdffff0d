"""Comments that say which image a value belongs to.

Ours: `# gitops-image: REPOSITORY[:tag|:name|:digest]`. Flux': `# {"$imagepolicy": "ns:policy"}`
with the same endings, by Flux' guide on marking image fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    Role,
    Spot,
    live_of,
    repository_of,
    split_image,
)
from gitops_action.core.pattern import pattern
from gitops_action.core.text_variables import holds_variable

RULES = frozenset({"marker", "imagepolicy-marker"})
BYTES = (b"gitops-image", b"$imagepolicy")
_OURS = pattern(r"(?P<key>gitops-image:\s*)(?P<what>[^\s}]+)")
_FLUX = pattern(r"\"\$imagepolicy\"\s*:\s*\"(?P<what>[^\"]+)\"")
# `KEY=value`, as in `literals` of kustomize and environment variables: the key stays.
_KEY = pattern(r"[A-Za-z_-][\w.-]*=(?=.)")
_DIGEST = pattern(r"sha256:[0-9a-f]{64}")
_FORMS = {"reference": "no ending", "name": "`:name`", "tag": "`:tag`", "digest": "`:digest`"}
_ENDINGS: dict[str, Role] = {"tag": "tag", "name": "name", "digest": "digest"}


@dataclass(frozen=True, kw_only=True)
class MarkedScalar:
    """A marked scalar: `repository` or `policy` (`namespace:name`) says what it belongs to."""

    spot: Spot
    role: Role
    repository: str | None
    policy: str
    parent: tuple[object, ...]

    @property
    def misfit(self) -> str:
        """The ending that fits the value, where the marker's does not: `` `:tag` `` or so."""
        value = self.spot.value
        if not value or self.repository is None or holds_variable(value):
            return ""
        fits = _fitting(value, self.repository)
        return "" if self.role in fits else _FORMS[fits[0]]


def is_marked(spot: Spot) -> bool:
    """Whether a marker of ours stands behind a scalar, so that its owner is named."""
    return _OURS.search(spot.comment) is not None


def renamed(comment: str, name: str) -> str:
    """The comment with another image in its marker, whose ending stays."""

    def written(found: re.Match[str]) -> str:
        _, colon, ending = found["what"].rpartition(":")
        kept = f":{ending}" if colon and ending in _ENDINGS else ""
        return f"{found['key']}{name}{kept}"

    return _OURS.sub(written, comment)


def marks(document: Cursor) -> Iterator[MarkedScalar]:
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


def unresolved(
    listed: Iterable[MarkedScalar], repositories: Mapping[str, str]
) -> tuple[MarkedScalar, ...]:
    """The marks whose policy leads to no repository."""
    known = _known(tuple(listed), repositories)
    return tuple(mark for mark in listed if not _repository(mark, known))


def misfits(listed: Iterable[MarkedScalar]) -> tuple[MarkedScalar, ...]:
    """The marks whose ending does not fit their value."""
    return tuple(mark for mark in listed if mark.misfit)


def marked_lives(
    listed: Iterable[MarkedScalar], repositories: Mapping[str, str]
) -> Iterator[EffectiveImage]:
    """The images that marks name: those side by side, of one image, make one place.

    Args:
        listed: the marks of an environment.
        repositories: by policy, where the policy's own objects are in the repository.
    """
    every = tuple(listed)
    known = _known(every, repositories)
    groups: dict[tuple[object, ...], list[MarkedScalar]] = {}
    for mark in every:
        repository = _repository(mark, known)
        if repository:
            whole = mark.spot.key if mark.role == "reference" else mark.parent
            groups.setdefault((repository, mark.spot.file, whole), []).append(mark)
    for group in groups.values():
        repository = _repository(group[0], known)
        if repository:
            live = live_of(_place(repository, group))
            spelled = live.spelling if live.repository == repository else None
            yield (
                live if spelled else replace(live, spelling=replace(live.spelling, name=repository))
            )


def _read(spot: Spot, here: Cursor) -> Iterator[MarkedScalar]:
    ours, theirs = _OURS.search(spot.comment), _FLUX.search(spot.comment)
    found = ours or theirs
    if found is None:
        return
    if (key := _KEY.match(spot.value)) is not None:
        spot = spot.part(key.end(), len(spot.value))
    name, _, ending = found["what"].rpartition(":")
    role: Role = _ENDINGS.get(ending, "reference") if name else "reference"
    what = found["what"] if role == "reference" else name
    outer = here.outer.at if here.outer else ""
    yield MarkedScalar(
        spot=spot,
        role=role,
        repository=repository_of(what) if ours else None,
        policy="" if ours else what,
        parent=(outer, here.document, here.steps[:-1]),
    )


def _known(every: tuple[MarkedScalar, ...], repositories: Mapping[str, str]) -> dict[str, str]:
    """Repositories by policy: from its objects, else from what its other marks stand beside."""
    known = dict(repositories)
    for mark in every:
        if mark.policy and mark.role in {"reference", "name"}:
            found = repository_of(split_image(mark.spot.value).name)
            if found:
                known.setdefault(mark.policy, found)
    return known


def _repository(mark: MarkedScalar, known: Mapping[str, str]) -> str | None:
    return mark.repository or known.get(mark.policy)


def _place(repository: str, group: list[MarkedScalar]) -> ImageLocation:
    first = group[0]
    ours = first.repository is not None
    spots: dict[Role, Spot] = {mark.role: mark.spot for mark in group}
    return ImageLocation(
        rule="marker" if ours else "imagepolicy-marker",
        reason=(
            f"marked with `gitops-image: {repository}`"
            if ours
            else f"marked with the image policy {first.policy}"
        ),
        spots=spots,
        assumed=repository,
    )


def _fitting(value: str, repository: str) -> tuple[Role, ...]:
    """What a value can say, likeliest first: a whole reference, a name, a tag, a digest."""
    if _DIGEST.fullmatch(value):
        return ("digest",)
    written = split_image(value)
    if written.tag or written.digest:
        return ("reference",)
    if "/" in value or value == repository.rpartition("/")[2]:
        return ("reference", "name", "tag") if repository_of(value) else ("tag",)
    return ("tag", "name")
