"""Image registries over the OCI distribution protocol."""

from __future__ import annotations

from gitops_action.adapters.registry.auth import Account, Accounts, DockerConfig, read_docker_config
from gitops_action.adapters.registry.client import RegistryClient
from gitops_action.adapters.registry.transport import Patience

__all__ = [
    "Account",
    "Accounts",
    "DockerConfig",
    "Patience",
    "RegistryClient",
    "read_docker_config",
]
