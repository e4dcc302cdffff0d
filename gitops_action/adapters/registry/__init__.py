"""Image registries over the OCI distribution protocol."""

from __future__ import annotations

from gitops_action.adapters.registry.auth import Account, Accounts, DockerConfig, read_docker_config
from gitops_action.adapters.registry.client import RegistryClient

__all__ = [
    "Account",
    "Accounts",
    "DockerConfig",
    "RegistryClient",
    "read_docker_config",
]
