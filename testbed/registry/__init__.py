"""Image registries on loopback: a real one, and one that only fails."""

from testbed.registry.broken import broken_registry
from testbed.registry.server import PASSWORD, USER, Registry

__all__ = ["PASSWORD", "USER", "Registry", "broken_registry"]
