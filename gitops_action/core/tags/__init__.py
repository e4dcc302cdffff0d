"""Image tags, labels and annotations from the Git event, by docker/metadata-action's rules."""

from __future__ import annotations

from gitops_action.core.tags.compute import Metadata, compute
from gitops_action.core.tags.context import RepositoryFacts, TagContext

__all__ = ["Metadata", "RepositoryFacts", "TagContext", "compute"]
