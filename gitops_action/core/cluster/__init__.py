"""Clusters as values: how to reach one, what kinds it serves, what it refuses and why."""

from gitops_action.core.cluster.access import Access, Given, NoClusterGivenError
from gitops_action.core.cluster.model import (
    Applied,
    ApplyOptions,
    ChangeKind,
    EventFacts,
    LeaseTerms,
    Listing,
    LiveObject,
    Resource,
    Resources,
    Right,
    WatchEvent,
)

__all__ = [
    "Access",
    "Applied",
    "ApplyOptions",
    "ChangeKind",
    "EventFacts",
    "Given",
    "LeaseTerms",
    "Listing",
    "LiveObject",
    "NoClusterGivenError",
    "Resource",
    "Resources",
    "Right",
    "WatchEvent",
]
