"""Tools that several commands make: what renders, and what asks registries."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from gitops_action.adapters.process import Runner
from gitops_action.app.commands import Context
from gitops_action.commands.tree_ports import Renderer
from gitops_action.core.config import Validation
from gitops_action.core.inputs.common import RegistryInputs

if TYPE_CHECKING:
    from gitops_action.adapters.registry import RegistryClient


def kustomize_renderer(settings: Validation, context: Context) -> Renderer:
    """Kustomize as kubectl has it; helm where the machine has it."""
    from gitops_action.adapters.renderer import KustomizeRenderer, find_helm, find_kubectl  # noqa: PLC0415 - two commands'

    path = context.environ.get("PATH")
    return KustomizeRenderer(
        find_kubectl(path),
        Runner(environ=context.environ, redact=context.redactor.clean),
        allow_remote=settings.remote_bases,
        helm=find_helm(path),
    )


def image_registry(
    inputs: RegistryInputs, context: Context, domains: Container[str]
) -> RegistryClient:
    """Accounts in their order: as given for `domains`, Docker's, the job's for ghcr.io."""
    from gitops_action.adapters.registry import (  # noqa: PLC0415 - loads an HTTP client
        Account,
        Accounts,
        RegistryClient,
        read_docker_config,
    )

    given = Account(username=inputs.registry_username, password=inputs.registry_password)
    job = Account(username=inputs.ghcr_username or "x", password=inputs.ghcr_password)
    return RegistryClient(
        Accounts(
            given=given if inputs.registry_password else None,
            given_for=domains,
            docker=read_docker_config(context.environ),
            job=job if inputs.ghcr_password else None,
        )
    )
