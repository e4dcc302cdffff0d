"""The JSON Schema of the configuration, for editors; run as a module it writes the shipped file."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from gitops_action.core.config.fields import (
    AppId,
    Budget,
    Count,
    Cron,
    DeployWorkflow,
    Duration,
    EnvironmentUrl,
    Expectation,
    Expression,
    FieldPointer,
    File,
    Folder,
    ImageRepository,
    KubernetesVersion,
    Kustomization,
    Login,
    Name,
    OwnerName,
    RefPattern,
    Shape,
    Team,
    Text,
    TimeZone,
    Url,
    WorkflowFile,
    hyphenated,
    problem,
)
from gitops_action.core.config.resolved import (
    ACTIONS_ISSUER,
    CONFIRMED_KINDS,
    DEFAULT_NOT_BY,
    DEPLOY_WORKFLOW,
    KUBERNETES,
    NotBy,
    Window,
)
from gitops_action.core.config.values import NAME_PATTERN
from gitops_action.core.config.windows import never_open

# The shape of an environment's `deploy` in the configuration.

_PUSH_ALONE = frozenset({"conflicts", "drift", "ignore", "preflight"})
"""Keys that say how we apply, so that nobody expects Flux to follow them."""
_LONGEST_REQUEST = timedelta(minutes=1)
_MOST_RETRIES = 5


class PruneShape(Shape):
    """What a deployment may delete without being asked."""

    max: Budget = Field(default=20.0, description="A share of the objects, or a number of them.")
    confirm: list[Text] = Field(
        default_factory=lambda: list(CONFIRMED_KINDS),
        description="Kinds that are deleted only with a confirmation.",
    )


class IgnoreShape(Shape):
    """Fields that stay as they are in the cluster."""

    kind: Text = Field(description="Kind of the objects, e.g. Deployment.")
    name: Text | None = Field(default=None, description="Name; all objects of the kind if absent.")
    fields: list[FieldPointer] = Field(
        min_length=1,
        description="JSON pointers, e.g. /spec/replicas; a list item by its position or its name.",
    )
    reason: Text = Field(description="Why, for people.")


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
    drift: Literal["report", "correct"] = Field(
        default="report",
        description="With engine: push. What a run without changes does about drift: a note, or an"
        " apply.",
    )
    conflicts: Literal["report", "force"] = Field(
        default="report",
        description="With engine: push. Fields that other managers own: an error, or taken over.",
    )
    ignore: list[IgnoreShape] = Field(
        default_factory=list,
        description="With engine: push. Fields that stay as they are in the cluster.",
    )
    workflow: DeployWorkflow = Field(
        default=DEPLOY_WORKFLOW,
        description="The workflow file that deploys; its runs prove that a deployment took place.",
    )
    preflight: Literal["full", "sampled"] = Field(
        default="sampled",
        description="With engine: push. Beyond 100 new objects, whether each is tried on the API"
        " server before the first write, or one of each kind and namespace.",
    )

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
        engines = {self.engine, *(target.engine for target in self.targets)}
        pushed = sorted(self.model_fields_set & _PUSH_ALONE)
        if pushed and "push" not in engines:
            raise problem(
                f"{hyphenated(pushed[0])} needs engine: push",
                f"remove {hyphenated(pushed[0])}: Flux applies by its own settings",
            )
        names = [target.name for target in self.targets]
        if len(names) != len(set(names)):
            raise problem("two targets have the same name", "give each target its own name")
        return self


# The shape of an environment's `gates` in the configuration.


class WindowShape(Shape):
    """A recurring span of time, five-field cron, in which merging is denied or allowed."""

    deny: Cron | None = Field(default=None, description="Start of each span without merging.")
    allow: Cron | None = Field(default=None, description="Start of each span with merging.")
    for_: Duration = Field(description="How long each span lasts, e.g. 63h.")
    timezone: TimeZone = Field(default="UTC", description="IANA name, e.g. Europe/Berlin.")

    @model_validator(mode="after")
    def _one_effect(self) -> WindowShape:
        if (self.deny is None) == (self.allow is None):
            raise problem("a window has either deny or allow", "keep one of them")
        if not self.for_:
            raise problem("a window of no length", "give `for` a length, e.g. 8h")
        return self

    def resolved(self) -> Window:
        """The window as a value."""
        return Window(
            effect="deny" if self.deny else "allow",
            cron=self.deny or self.allow or "",
            duration=self.for_,
            timezone=self.timezone,
        )


class ApprovalsShape(Shape):
    """Who has to approve."""

    count: Count = Field(default=1, description="How many approvals are needed.")
    teams: list[Team] = Field(default_factory=list, description="Teams that count, ORG/TEAM.")
    users: list[Login] = Field(default_factory=list, description="People who count.")
    not_by: list[NotBy] = Field(
        default_factory=lambda: list(DEFAULT_NOT_BY),
        description="Whose approvals do not count; source-authors: of the application's commits.",
    )

    @model_validator(mode="after")
    def _enough_people(self) -> ApprovalsShape:
        named = {login.casefold() for login in self.users}
        if named and not self.teams and self.count > len(named):
            raise problem(
                f"{self.count} approvals are needed, and the list of users has {len(named)}",
                "name more users or a team, or lower count",
            )
        return self


class CheckShape(Shape):
    """A check run or commit status, of one App alone where `app` is given."""

    name: Text = Field(description="Name of the check run, or context of the status.")
    app: AppId | None = Field(
        default=None, description="Id of the GitHub App that it must be of; any App if absent."
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_a_name(cls, value: object) -> object:
        if value == "":
            raise PydanticCustomError("string_too_short", "is empty")
        return {"name": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Plain text as well, which is a name."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}


class HttpShape(Shape):
    """An address that is asked before a merge."""

    url: Url = Field(description="Address to ask; redirects are not followed.")
    expect: Expectation = Field(description='Expression, e.g. "response.status == 200".')
    timeout: Duration = Field(default=timedelta(seconds=10), description="How long to wait.")
    retries: Count = Field(default=2, description="How often a failed request is sent again.")

    @model_validator(mode="after")
    def _bounded(self) -> HttpShape:
        if not timedelta(0) < self.timeout <= _LONGEST_REQUEST:
            raise problem("timeout is not between 1s and 1m", "write e.g. 10s")
        if self.retries > _MOST_RETRIES:
            raise problem(f"more than {_MOST_RETRIES} retries", "write a lower number")
        return self


class ProvenanceShape(Shape):
    """Which workflow must have built the images."""

    workflow: WorkflowFile = Field(
        description="The workflow file, OWNER/REPO/.github/workflows/FILE.yml; {application} in it"
        " is the application's name."
    )
    ref: RefPattern | None = Field(
        default=None,
        description="Refs that it may have run from: refs/tags/v*; * is any text.",
    )
    issuer: Url = Field(
        default=ACTIONS_ISSUER, description="Who issued the identity that the signature is of."
    )
    trusted_root: File | None = Field(
        default=None,
        description="File of this repository with the trusted roots, one JSON document a line;"
        " sigstore's public root if absent.",
    )


class OverrideShape(Shape):
    """Who may override gates; being in one of the teams, or one of the users, is enough."""

    teams: list[Team] = Field(default_factory=list, description="Teams, ORG/TEAM.")
    users: list[Login] = Field(default_factory=list, description="People.")

    @model_validator(mode="after")
    def _somebody(self) -> OverrideShape:
        if not self.teams and not self.users:
            raise problem("override names nobody", "name teams or users, or remove override")
        return self


class GatesShape(Shape):
    """What has to be true before a change merges."""

    soak: Duration | None = Field(
        default=None, description="How long images must have run in every environment of `after`."
    )
    windows: list[WindowShape] = Field(default_factory=list, description="When to merge.")
    approvals: ApprovalsShape | None = Field(default=None, description="Who has to approve.")
    checks: list[CheckShape] = Field(
        default_factory=list,
        description="Checks or statuses that must have succeeded; plain text means any App's.",
    )
    http: list[HttpShape] = Field(default_factory=list, description="Addresses to ask.")
    provenance: ProvenanceShape | None = Field(
        default=None, description="Which workflow must have built the images."
    )
    override: OverrideShape | None = Field(
        default=None, description="Who may override gates; nobody if absent."
    )

    @model_validator(mode="after")
    def _some_moment(self) -> GatesShape:
        if never_open([window.resolved() for window in self.windows]):
            raise problem(
                "the windows leave no moment to merge in", "shorten or remove one of them"
            )
        return self


# The shape of `validate` in the configuration.


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
    existing: Literal["warn", "error"] = Field(
        default="warn", description="What a problem is that the base branch has as well."
    )


# The shape of `.github/gitops.yaml`: keys, types, and what each means.

_NAMED: JsonDict = {"propertyNames": {"pattern": NAME_PATTERN, "maxLength": 63}}


class ApplicationShape(Shape):
    """An application: the images it is made of and the repository they are built from."""

    images: list[ImageRepository] = Field(
        default_factory=list, description="Image repositories without tags; found when absent."
    )
    source: OwnerName | None = Field(
        default=None, description="The application's own repository, OWNER/NAME."
    )
    rollback: Literal["auto", "propose", "off"] | None = Field(
        default=None,
        description="The stricter of this and the environment's `rollback.mode` applies.",
    )


class RollbackShape(Shape):
    """What happens when a deployment failed."""

    mode: Literal["auto", "propose", "off"] = Field(
        default="propose", description="Merge the way back, propose it, or do nothing."
    )
    approvals: Count = Field(default=0, description="Approvals the way back needs.")


class PromotionShape(Shape):
    """How an environment gets what ran in those of its `after`."""

    mode: Literal["auto", "manual"] = Field(
        default="auto", description="Whether pull requests are opened by themselves."
    )
    pick: Literal["soaked", "newest"] = Field(
        default="soaked", description="The newest version that soaked, or that was verified."
    )
    supersede: Literal["until-approved", "always"] = Field(
        default="until-approved",
        description="How long a newer version replaces an open promotion.",
    )


class EnvironmentShape(Shape):
    """An environment: a folder, what comes before it, its gates, and where it runs."""

    path: Text = Field(
        description="Its folder; one segment may be {application}. `.` is the whole repository."
    )
    after: list[Name] = Field(
        default_factory=list, description="Environments a version must have run in before."
    )
    formerly: list[Name] = Field(
        default_factory=list,
        description="Names that it had before: inventory, holds and history are taken over.",
    )
    production: bool | None = Field(
        default=None,
        description="Whether it is production; by default when its name is production or prod.",
    )
    url: EnvironmentUrl | None = Field(
        default=None,
        description="Where it can be visited; may hold {application}. GitHub shows it.",
    )
    merge: Literal["auto", "manual"] = Field(default="manual", description="Who merges.")
    merge_method: Literal["merge", "squash", "rebase"] = Field(
        default="merge", description="How the gate merges."
    )
    promotion: PromotionShape = Field(
        default_factory=PromotionShape, description="How versions come here from `after`."
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


SCHEMA_ID = "urn:gitops-action:gitops.yaml:1"
"""What the schema calls itself, wherever a copy of it is read from; ends with the version."""

SCHEMA_PATH = Path(__file__).parents[2] / "schemas" / "gitops.schema.json"


def schema() -> str:
    """The schema as JSON text, the same bytes for the same model."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "gitops.yaml",
    } | ConfigShape.model_json_schema(by_alias=True, mode="validation")
    document["title"] = "gitops.yaml"
    return json.dumps(_tidy(document), indent=2) + "\n"


def _tidy(value: object, *, names: bool = False) -> object:
    """Without the titles that pydantic makes up of class names: editors show them to people."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _tidy(item, names=key in {"properties", "$defs"})
        for key, item in value.items()
        if names or key != "title" or item == "gitops.yaml"
    }


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema(), encoding="utf-8")
