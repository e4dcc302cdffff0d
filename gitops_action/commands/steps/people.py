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


def _spellings(image: ImageReference) -> set[str]:
    """The ways in which a file can say this version, or the name or registry it comes from."""
    tag = f":{image.tag}" if image.tag else ""
    digest = f"@{image.digest}" if image.digest else ""
    names = {image.name, image.repository, image.familiar}
    versions = {tag, digest, f"{tag}{digest}"}
    whole = {f"{name}{version}" for name in names for version in versions}
    alone = {version.lstrip(":@") for version in versions}
    return {*whole, *alone, *names, image.domain, image.path} - {""}
