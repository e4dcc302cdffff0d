"""Which images of which application a change moves in an environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference

Images = Mapping[str, Sequence[str]]
"""Each application's images, as `core.deployments.payload.applications_of` finds them."""


def image_moves(before: Images, after: Images) -> tuple[ImageMove, ...]:
    """Every image that differs: of one repository old and new belong together.

    What is no image reference moves nothing that a gate could follow: validation refuses it.
    """
    moves: list[ImageMove] = []
    for application in sorted(before.keys() | after.keys()):
        old, new = _parsed(before.get(application, ())), _parsed(after.get(application, ()))
        gone = [image for image in old if image not in new]
        for image in new:
            if image not in old:
                earlier = next((one for one in gone if one.repository == image.repository), None)
                if earlier is not None:
                    gone.remove(earlier)
                moves.append(ImageMove(application=application, before=earlier, after=image))
        moves += [ImageMove(application=application, before=image) for image in gone]
    return tuple(moves)


def _parsed(images: Sequence[str]) -> tuple[ImageReference, ...]:
    found = []
    for text in images:
        try:
            found.append(parse_reference(text))
        except ImageReferenceError:
            continue
    return tuple(dict.fromkeys(found))
