"""The shape of an environment's `deploy` in the configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gitops_action.core.config.deploy import CONFIRMED_KINDS
from gitops_action.core.config.fields import (
    Budget,
    Count,
    Duration,
    Expression,
    Kustomization,
    Name,
    Shape,
    Text,
    hyphenated,
    problem,
)


class PruneShape(Shape):
    """What a deployment may delete without being asked."""

    max: Budget = Field(default=20.0, description="A share of the objects, or a number of them.")
    confirm: list[Text] = Field(
        default_factory=lambda: list(CONFIRMED_KINDS),
        description="Kinds that are deleted only with a confirmation.",
    )


class KindRuleShape(Shape):
    """When an object of a custom kind is healthy: expressions over the object's own fields."""

    group: str = Field(default="", description="API group, e.g. example.com.")
    kind: Text = Field(description="Kind, e.g. Database.")
    current: Expression = Field(description="Whether it is as described and ready.")
    failed: Expression | None = Field(default=None, description="Whether it failed for good.")
    in_progress: Expression | None = Field(
        default=None, description="Whether it is still on the way."
    )


class HealthShape(Shape):
    """How long to wait for health, and what it is for custom kinds."""

    timeout: Duration | None = Field(default=None, description="Default 10m.")
    tolerate_restarts: Count = Field(default=3, description="Restarts that are no failure yet.")
    kinds: list[KindRuleShape] = Field(
        default_factory=list, description="What health is for custom kinds."
    )

    @model_validator(mode="after")
    def _one_rule_a_kind(self) -> HealthShape:
        kinds = [(rule.group, rule.kind) for rule in self.kinds]
        if len(kinds) != len(set(kinds)):
            raise problem("two rules are about the same kind", "keep one rule a group and kind")
        return self


class ClusterShape(Shape):
    """How one cluster is reached and who applies."""

    engine: Literal["push", "flux"] | None = Field(
        default=None, description="push: the job applies. flux: the job waits for Flux."
    )
    kustomizations: list[Kustomization] = Field(
        default_factory=list,
        description="Flux Kustomizations, NAMESPACE/NAME; default by path.",
    )
    context: Text | None = Field(default=None, description="Context of the kubeconfig.")
    access: Literal["cluster", "none"] = Field(
        default="cluster", description="none: wait for Flux's commit status instead."
    )
    status_prefix: Text | None = Field(
        default=None, description="Start of Flux's commit status contexts; with access: none."
    )

    @model_validator(mode="after")
    def _consistent(self) -> ClusterShape:
        if self.engine != "flux" and self.kustomizations:
            raise problem("kustomizations need engine: flux", "set engine: flux or remove them")
        if self.engine == "push" and self.access == "none":
            raise problem("engine: push needs access to the cluster", "remove access: none")
        if (self.access == "none") != (self.status_prefix is not None):
            raise problem(
                "access: none and status-prefix belong together", "set both, or remove both"
            )
        return self


class TargetShape(ClusterShape):
    """One of several clusters that an environment is deployed to."""

    name: Name = Field(description="Name of the target, unique in its environment.")
    engine: Literal["push", "flux"] = Field(
        description="push: the job applies. flux: the job waits for Flux."
    )


class DeployShape(ClusterShape):
    """Where an environment is deployed to: one cluster given directly, or several `targets`."""

    targets: list[TargetShape] = Field(default_factory=list, description="Several clusters.")
    prune: PruneShape = Field(default_factory=PruneShape, description="What may be deleted.")
    health: HealthShape = Field(default_factory=HealthShape, description="How long to wait.")

    @model_validator(mode="after")
    def _one_form(self) -> DeployShape:
        single = self.model_fields_set & set(ClusterShape.model_fields)
        if self.targets and single:
            raise problem(
                f"targets and {hyphenated(min(single))} exclude each other",
                "move everything about one cluster into its target",
            )
        if single and self.engine is None:
            raise problem("deploy names no engine", "set engine: push or engine: flux")
        names = [target.name for target in self.targets]
        if len(names) != len(set(names)):
            raise problem("two targets have the same name", "give each target its own name")
        return self
