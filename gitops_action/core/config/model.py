"""The shape of `.github/gitops.yaml`: keys, types, and what each means.

The JSON Schema for editors is generated from here. pydantic is imported only with this module
and those it is made of (`fields`, `model_gates`, `model_deploy`, `model_validate`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from gitops_action.core.config.fields import (
    NAME_PATTERN,
    Count,
    ImageRepository,
    Name,
    OwnerName,
    Shape,
    Text,
)
from gitops_action.core.config.model_deploy import DeployShape
from gitops_action.core.config.model_gates import GatesShape
from gitops_action.core.config.model_validate import ValidateShape

_NAMED: JsonDict = {"propertyNames": {"pattern": NAME_PATTERN, "maxLength": 63}}


class ApplicationShape(Shape):
    """An application: the images it is made of and the repository they are built from."""

    images: list[ImageRepository] = Field(
        default_factory=list, description="Image repositories without tags; found when absent."
    )
    source: OwnerName | None = Field(
        default=None, description="The application's own repository, OWNER/NAME."
    )


class RollbackShape(Shape):
    """What happens when a deployment failed."""

    mode: Literal["auto", "propose", "off"] = Field(
        default="propose", description="Merge the way back, propose it, or do nothing."
    )
    approvals: Count = Field(default=0, description="Approvals the way back needs.")


class EnvironmentShape(Shape):
    """An environment: a folder, what comes before it, its gates, and where it runs."""

    path: Text = Field(
        description="Its folder; one segment may be {application}. `.` is the whole repository."
    )
    after: list[Name] = Field(
        default_factory=list, description="Environments a version must have run in before."
    )
    merge: Literal["auto", "manual"] = Field(default="manual", description="Who merges.")
    merge_method: Literal["merge", "squash", "rebase"] = Field(
        default="merge", description="How the gate merges."
    )
    gates: GatesShape | None = Field(default=None, description="What must be true before.")
    rollback: RollbackShape = Field(
        default_factory=RollbackShape, description="After a failed deployment."
    )
    deploy: DeployShape | None = Field(default=None, description="Where it runs.")


class ConfigShape(Shape):
    """The configuration of an environment repository."""

    version: Literal[1] = Field(description="Version of this format.")
    validate_: ValidateShape = Field(
        default_factory=ValidateShape, description="How rendered objects are checked."
    )
    applications: dict[Name, ApplicationShape] = Field(
        default_factory=dict,
        description="Applications; found from the folders when absent.",
        json_schema_extra=_NAMED,
    )
    environments: dict[Name, EnvironmentShape] = Field(
        min_length=1,
        description="Environments, in the order they are shown.",
        json_schema_extra=_NAMED,
    )
