"""Makes what `validate` needs once it knows the configuration: renderer, schemas, registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_action.app.commands import Context
from gitops_action.app.tools import image_registry, kustomize_renderer
from gitops_action.commands.ports import Registry
from gitops_action.commands.steps.validation.ports import NotedSchemas
from gitops_action.commands.tree_ports import Renderer
from gitops_action.core.config import Validation
from gitops_action.core.files import RepositoryFile
from gitops_action.core.inputs import ValidateInputs

if TYPE_CHECKING:
    from gitops_action.core.manifests import Manifest


class ToolWorkshop:
    """Implements the port `Workshop` with kubectl, helm, the shipped schemas and registries."""

    def __init__(self, inputs: ValidateInputs, context: Context) -> None:
        """Nothing is loaded before it is needed."""
        self._inputs = inputs
        self._context = context

    def renderer(self, settings: Validation) -> Renderer:
        """Kustomize as kubectl has it; helm where the machine has it."""
        return kustomize_renderer(settings, self._context)

    def schemas(
        self,
        settings: Validation,
        definitions: Sequence[Manifest],
        files: Mapping[str, RepositoryFile],
    ) -> NotedSchemas:
        """The schemas that are shipped, and those of the repository."""
        from gitops_action.adapters.schemas import OfflineSchemas  # noqa: PLC0415 - same

        return OfflineSchemas(kubernetes=settings.kubernetes, crds=definitions, files=files)

    def registry(self, domains: frozenset[str]) -> Registry | None:
        """Accounts in their order: as given for `domains`, Docker's, the job's for ghcr.io."""
        if self._inputs.verify == "off":
            return None
        return image_registry(self._inputs, self._context, domains)
