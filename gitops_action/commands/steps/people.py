"""Whether people changed, on our branch, the very places that a bump wants to change."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.images import ImageReference
from gitops_action.core.plan import Plan


def conflict_with_people(*, base: Plan, head: Plan, ours: Iterable[ImageReference]) -> str:
    """The first place where head's value is neither base's nor one that we proposed; else empty."""
    described = {(line.file, line.path): line.old for line in base.lines}
    proposed = {text for image in ours for text in _spellings(image)}
    for line in head.lines:
        known = described.get((line.file, line.path))
        if known is not None and line.old != known and line.old not in proposed:
            place = f"{line.file}:{line.line} ({line.path})"
            return f"somebody set {place} to {line.old}, and this would change it to {line.new}"
    return ""


def _spellings(image: ImageReference) -> tuple[str, ...]:
    """The ways in which a file can say this version."""
    parts = [image.tag, image.digest, f"{image.tag}@{image.digest}", str(image)]
    named = [f"{image.name}:{image.tag}", f"{image.repository}:{image.tag}", image.name]
    return tuple(part for part in (*parts, *named) if part)
