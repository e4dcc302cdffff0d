"""What a repository's environments describe: which images, and the place that settles each."""

from __future__ import annotations

from gitops_action.core.discovery.cursor import (
    FilesNotReadError,
    FoldersNotReadError,
    KustomizeCycleError,
    OutsideRepositoryError,
    OvergrownDocumentError,
)
from gitops_action.core.discovery.environment import (
    DiscoveredImages,
    ImageDiscovery,
    ImageUse,
    application_folders,
    application_of_live,
    images_in,
    raise_errors,
    uses_of,
)
from gitops_action.core.discovery.prefilter import keep_files
from gitops_action.core.discovery.scan import object_lives
from gitops_action.core.discovery.source import Skipped, Source

__all__ = [
    "DiscoveredImages",
    "FilesNotReadError",
    "FoldersNotReadError",
    "ImageDiscovery",
    "ImageUse",
    "KustomizeCycleError",
    "OutsideRepositoryError",
    "OvergrownDocumentError",
    "Skipped",
    "Source",
    "application_folders",
    "application_of_live",
    "images_in",
    "keep_files",
    "object_lives",
    "raise_errors",
    "uses_of",
]
