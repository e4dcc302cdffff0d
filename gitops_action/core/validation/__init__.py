"""Checks on the objects of an environment, and how two renders of it differ.

Everything here is a function of objects: no cluster, no schema, no registry is asked.
"""

from gitops_action.core.deploy.diff import ObjectDiff, diff_objects
from gitops_action.core.deploy.prune import PruneVerdict, keeps, prune_budget, prune_ids
from gitops_action.core.redaction.objects import redacted
from gitops_action.core.validation.images import (
    ImageDifference,
    added_images,
    changed_images,
    declared_in_render,
    images_of,
)
from gitops_action.core.validation.immutable import immutable_changes, recreated
from gitops_action.core.validation.locate import locate, locate_all
from gitops_action.core.validation.namespaces import (
    declared_namespaces,
    unknown_namespaces,
    without_namespace,
)
from gitops_action.core.validation.objects import (
    Level,
    ObjectProblem,
    Steps,
    check_objects,
    written,
)

__all__ = [
    "ImageDifference",
    "Level",
    "ObjectDiff",
    "ObjectProblem",
    "PruneVerdict",
    "Steps",
    "added_images",
    "changed_images",
    "check_objects",
    "declared_in_render",
    "declared_namespaces",
    "diff_objects",
    "images_of",
    "immutable_changes",
    "keeps",
    "locate",
    "locate_all",
    "prune_budget",
    "prune_ids",
    "recreated",
    "redacted",
    "unknown_namespaces",
    "without_namespace",
    "written",
]
