"""Several streams of tags in one repository: `agent-1.2`, `client-3.4`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.core.pattern import pattern
from gitops_action.core.plan.images import RequestedImage
from gitops_action.core.plan.model import SeveralStreamsError
from gitops_action.errors import Location

_WORD = pattern(r"[A-Za-z]{2,}")
_COMMIT = pattern(r"(?<![0-9a-zA-Z])(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}(?![0-9a-zA-Z])")
_STAGES = frozenset(
    {"rc", "alpha", "beta", "dev", "pre", "preview", "snapshot", "final", "ga", "build", "post"}
)
"""Words of a version that is on its way, not of a stream of its own."""


def shape_of(tag: str) -> frozenset[str] | None:
    """The words of a tag that name its stream; None for tags that move (`latest`, `main`)."""
    if not any(letter.isdigit() for letter in tag):
        return None
    words = {word.lower() for word in _WORD.findall(_COMMIT.sub("", tag))}
    return frozenset(words - _STAGES)


def refuse_streams(requested: Iterable[RequestedImage]) -> None:
    """Refuse a version for places that follow different streams of one repository.

    Raises:
        SeveralStreamsError: with every place and its version.
    """
    for repository, tags in _tags(requested).items():
        shapes = {shape for tag in tags if (shape := shape_of(tag)) is not None}
        if len(shapes) > 1:
            raise SeveralStreamsError(repository, tags)


def different_versions(requested: Iterable[RequestedImage]) -> tuple[str, ...]:
    """A sentence for each image whose places say different versions now."""
    return tuple(
        f"{repository} has {len(tags)} versions now: "
        + "; ".join(f"{tag} ({', '.join(map(str, places))})" for tag, places in tags.items())
        for repository, tags in _tags(requested).items()
        if len(tags) > 1
    )


def _tags(requested: Iterable[RequestedImage]) -> Mapping[str, Mapping[str, Sequence[Location]]]:
    """The places of each repository by the tag that they say; those at the target are left out."""
    found: dict[str, dict[str, dict[Location, None]]] = {}
    for item in requested:
        tag, target = item.live.spelling.tag, item.change.target
        if tag and tag != target.tag:
            spot = item.live.version.main
            places = found.setdefault(str(item.live.repository), {}).setdefault(tag, {})
            places.setdefault(Location(file=spot.file, line=spot.line))
    return {
        repository: {tag: tuple(places) for tag, places in tags.items()}
        for repository, tags in found.items()
    }
