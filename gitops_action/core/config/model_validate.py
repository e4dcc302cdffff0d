"""The shape of `validate` in the configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gitops_action.core.config.fields import Folder, KubernetesVersion, Shape
from gitops_action.core.config.validation import KUBERNETES


class ValidateShape(Shape):
    """How the rendered objects are checked."""

    kubernetes: KubernetesVersion = Field(
        default=KUBERNETES, description="Version whose schemas built-in kinds are checked by."
    )
    schemas: list[Folder] = Field(
        default_factory=list,
        description="Folders of this repository with CustomResourceDefinitions.",
    )
    unknown_kinds: Literal["warn", "error", "ignore"] = Field(
        default="warn", description="What to do about kinds that no schema is known for."
    )
    remote_bases: bool = Field(
        default=False, description="Whether kustomizations may name other repositories."
    )
