"""A GitHub double: real Git over smart HTTP, REST and GraphQL by GitHub's own descriptions."""

from testbed.forge.events import Event
from testbed.forge.forge import Forge
from testbed.forge.handle import RepositoryHandle
from testbed.forge.rulesets import Bypass, MergeQueueRule, RequiredReviewers, RequiredStatus
from testbed.forge.tokens import rights
from testbed.forge.world import Request

__all__ = [
    "Bypass",
    "Event",
    "Forge",
    "MergeQueueRule",
    "RepositoryHandle",
    "Request",
    "RequiredReviewers",
    "RequiredStatus",
    "rights",
]
