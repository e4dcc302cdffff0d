"""The plan: byte edits that bring an environment to the wanted images, each with its reason."""

from __future__ import annotations

from gitops_action.core.discovery import (
    FilesNotReadError,
    FoldersNotReadError,
    ImageUse,
    KustomizeCycleError,
    OutsideRepositoryError,
    Skipped,
    images_in,
)
from gitops_action.core.plan.make import make_plan, unread_folders
from gitops_action.core.plan.model import (
    AmbiguousEnvironmentError,
    CannotWriteError,
    DigestMode,
    MarkerError,
    NoMatchError,
    Plan,
    PlanLine,
    PlanRequest,
    SeveralStreamsError,
    SharedAnchorError,
    SharedFileError,
    UneditableError,
    UntracedError,
    make_keep,
)
from gitops_action.core.plan.sets import SetEdit, parse_set_lines

__all__ = [
    "AmbiguousEnvironmentError",
    "CannotWriteError",
    "DigestMode",
    "FilesNotReadError",
    "FoldersNotReadError",
    "ImageUse",
    "KustomizeCycleError",
    "MarkerError",
    "NoMatchError",
    "OutsideRepositoryError",
    "Plan",
    "PlanLine",
    "PlanRequest",
    "SetEdit",
    "SeveralStreamsError",
    "SharedAnchorError",
    "SharedFileError",
    "Skipped",
    "UneditableError",
    "UntracedError",
    "images_in",
    "make_keep",
    "make_plan",
    "parse_set_lines",
    "unread_folders",
]
