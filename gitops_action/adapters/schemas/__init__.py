"""Checks objects against the schemas of their kinds, without a cluster."""

from gitops_action.adapters.schemas.kubernetes import known_versions
from gitops_action.adapters.schemas.offline import OfflineSchemas

__all__ = ["OfflineSchemas", "known_versions"]
