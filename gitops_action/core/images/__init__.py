"""Image references: reading, comparing, and the `images` input."""

from __future__ import annotations

from gitops_action.core.images.changes import (
    ImageChange,
    is_downgrade,
    parse_image_lines,
    verify_pin,
)
from gitops_action.core.images.fault import ImageReferenceError
from gitops_action.core.images.oci import ImageSource, image_source, source_repository
from gitops_action.core.images.reference import (
    ImageReference,
    canonical,
    normalise_repository,
    parse_reference,
    same_repository,
)

__all__ = [
    "ImageChange",
    "ImageReference",
    "ImageReferenceError",
    "ImageSource",
    "canonical",
    "image_source",
    "is_downgrade",
    "normalise_repository",
    "parse_image_lines",
    "parse_reference",
    "same_repository",
    "source_repository",
    "verify_pin",
]
