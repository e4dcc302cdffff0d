"""The configuration as every command sees it: applications and environments, fully resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import timedelta
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import MergeMethod

# How an environment is deployed, as resolved values: targets, prune budget, health.

Engine = Literal["push", "flux"]
Access = Literal["cluster", "none"]
Drift = Literal["report", "correct"]
Conflicts = Literal["report", "force"]
Preflight = Literal["full", "sampled"]

DEPLOY_WORKFLOW = ".github/workflows/deploy.yml"
"""The workflow file that deploys, where the configuration does not say."""

CONFIRMED_KINDS = ("Namespace", "PersistentVolumeClaim", "CustomResourceDefinition")
"""Kinds whose deletion loses data or takes much else with it."""


@dataclass(frozen=True, kw_only=True)
class PruneBudget:
    """What a deployment may delete without being asked.

    Exactly one of `max_percent` (of the environment's objects, 0 to 100) and `max_count` is set.
    Objects of the kinds in `confirm` are never deleted without a confirmation.
    """

    max_percent: float | None = 20.0
    max_count: int | None = None
    confirm: tuple[str, ...] = CONFIRMED_KINDS


@dataclass(frozen=True, kw_only=True)
class KindRule:
    """What health is for one custom kind.

    `current`, `failed` and `in_progress` are expressions of the Common Expression Language that
    read an object's top-level fields as variables (`status.phase == 'Ready'`), as Flux's
    `healthCheckExprs` do; empty ones are never true. They are known to compile.
    """

    group: str
    kind: str
    current: str
    failed: str = ""
    in_progress: str = ""


@dataclass(frozen=True, kw_only=True)
class HealthSettings:
    """How long to wait for health, and what it is.

    `tolerate_restarts` is how many restarts of a container are no failure yet; `kinds` are the
    rules for custom kinds.
    """

    timeout: timedelta = timedelta(minutes=10)
    tolerate_restarts: int = 3
    kinds: tuple[KindRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class IgnoredFields:
    """Fields that stay as they are in the cluster.

    Attributes:
        kind: of the objects, such as `Deployment`.
        fields: JSON pointers, such as `/spec/replicas`.
        reason: why, for people.
        name: of the object; empty for all of the kind.
    """

    kind: str
    fields: tuple[str, ...]
    reason: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One cluster (or one part of it) that an environment is deployed to.

    Attributes:
        name: unique in its environment; `default` for the single form.
        engine: `push` applies from the job; `flux` waits until Flux runs the commit.
        kustomizations: Flux Kustomizations as `namespace/name`; empty: found by their path.
        context: the kubeconfig context; empty for the current one.
        access: `none` where the job cannot reach the cluster and reads commit statuses instead.
        status_prefix: start of the commit status contexts that Flux's notification-controller
            writes (`<kind>/<name>/<start of the provider's uid>`); set when `access` is `none`.
    """

    name: str
    engine: Engine
    kustomizations: tuple[str, ...] = ()
    context: str = ""
    access: Access = "cluster"
    status_prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """Where and how an environment is deployed. No targets: nothing is deployed by us.

    `drift` is what a run without changes does about objects that differ from what is described;
    `conflicts`, what an apply does about fields that other managers own; `ignore`, fields that stay
    as they are in the cluster; `workflow`, the workflow file whose runs prove deployments;
    `preflight`, whether all new objects are tried before the first write.
    """

    targets: tuple[Target, ...] = ()
    prune: PruneBudget = field(default_factory=PruneBudget)
    health: HealthSettings = field(default_factory=HealthSettings)
    drift: Drift = "report"
    conflicts: Conflicts = "report"
    ignore: tuple[IgnoredFields, ...] = ()
    workflow: str = DEPLOY_WORKFLOW
    preflight: Preflight = "sampled"


# What has to be true before a change to an environment merges, as resolved values.


@dataclass(frozen=True, kw_only=True)
class Window:
    """A recurring span of time in which merging is denied, or outside of which it is.

    `cron` (five fields) gives each start in `timezone` (IANA name), `duration` how long it lasts.
    """

    effect: Literal["deny", "allow"]
    cron: str
    duration: timedelta
    timezone: str = "UTC"


NotBy = Literal["author", "pushers", "source-authors"]

DEFAULT_NOT_BY: tuple[NotBy, ...] = ("author", "pushers")
"""Whose approvals do not count where the configuration does not say."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """How many people have to approve, and who counts; nobody named means anyone who may write.

    `not_by`: whose approvals never count. The pull request's author, who pushed a change to it,
    and the authors of the application's commits that it brings.
    """

    count: int = 0
    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    not_by: tuple[NotBy, ...] = DEFAULT_NOT_BY


@dataclass(frozen=True, kw_only=True)
class RequiredCheck:
    """A check run or commit status that has to succeed; `app` is the id of the App it is of."""

    name: str
    app: int | None = None


@dataclass(frozen=True, kw_only=True)
class HttpGate:
    """An address that is asked, and the expression its response has to satisfy."""

    url: str
    expect: str
    timeout: timedelta = timedelta(seconds=10)
    retries: int = 2


ACTIONS_ISSUER = "https://token.actions.githubusercontent.com"
"""Who issues the identities of GitHub's workflows (GitHub: "OpenID Connect reference")."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Who must have built the images, by a signed attestation.

    Attributes:
        workflow: the workflow file, `OWNER/REPO/.github/workflows/FILE`; `{application}` in it is
            the application's name.
        ref: the refs that the workflow may have run from, with `*`; empty: any.
        issuer: of the workflow's identity.
        trusted_root: a file of the base with the roots of trust; empty: sigstore's public one.
    """

    workflow: str
    ref: str = ""
    issuer: str = ACTIONS_ISSUER
    trusted_root: str = ""


@dataclass(frozen=True, kw_only=True)
class Override:
    """Who may override gates: being in one team, or one of the users, is enough. Empty: nobody."""

    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gates:
    """Every gate of an environment.

    Attributes:
        soak: how long the images must have run, verified, in every environment of `after`.
        windows: when merging is denied or allowed.
        approvals: who has to approve.
        checks: checks or statuses that must have succeeded on the head commit.
        http: addresses that have to answer as expected.
        provenance: who must have built the images; None: anyone.
        override: who may override gates.
    """

    soak: timedelta = timedelta(0)
    windows: tuple[Window, ...] = ()
    approvals: Approvals = Approvals()
    checks: tuple[RequiredCheck, ...] = ()
    http: tuple[HttpGate, ...] = ()
    provenance: Provenance | None = None
    override: Override = Override()


# How rendered objects are checked, as resolved values.

UnknownKinds = Literal["warn", "error", "ignore"]
Existing = Literal["warn", "error"]

KUBERNETES = "1.36"
"""Whose schemas are taken where the configuration does not say."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What `validate` goes by.

    Attributes:
        kubernetes: the version whose schemas built-in kinds are checked by, `MAJOR.MINOR`.
        schemas: folders of the repository that hold CustomResourceDefinitions, beside those that
            are part of an environment.
        unknown_kinds: what to do about kinds that no schema is known for.
        remote_bases: whether kustomizations may name other repositories.
        existing: what a problem is that the base has as well.
    """

    kubernetes: str = KUBERNETES
    schemas: tuple[str, ...] = ()
    unknown_kinds: UnknownKinds = "warn"
    remote_bases: bool = False
    existing: Existing = "warn"


MergeMode = Literal["auto", "manual"]
RollbackMode = Literal["auto", "propose", "off"]
PromotionMode = Literal["auto", "manual"]
Pick = Literal["soaked", "newest"]
Supersede = Literal["until-approved", "always"]

CONFIG_PATH = ".github/gitops.yaml"
PLACEHOLDER = "{application}"
DEFAULT_ENVIRONMENT = "default"
RESERVED_NAMES = frozenset({"ready", "deploy", "gitops", "gitops-gate", "hold", "rollback", "all"})
"""Names that no environment may have: branches, statuses and commands use them."""
_PRODUCTION = frozenset({"production", "prod"})


@dataclass(frozen=True, kw_only=True)
class Application:
    """One application.

    `images` are normalised repositories; empty when they are to be discovered. `source` is the
    application's own repository (OWNER/NAME), where it is known. `rollback` is the laxest mode that
    environments may use for it; None leaves it to them.
    """

    name: str
    images: tuple[str, ...] = ()
    source: str | None = None
    rollback: RollbackMode | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What happens when a deployment failed, and how many people approve what is proposed."""

    mode: RollbackMode = "propose"
    approvals: int = 0


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """How an environment gets what ran in those of its `after`.

    Attributes:
        mode: whether pull requests are opened by themselves.
        pick: the newest version that has soaked, or the newest that was verified.
        supersede: how long a newer version replaces an open promotion.
    """

    mode: PromotionMode = "auto"
    pick: Pick = "soaked"
    supersede: Supersede = "until-approved"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment.

    Attributes:
        name: as it is written in the configuration.
        path: its folder, forward slashes, no leading or trailing one; empty for the whole
            repository; one segment may be `{application}`.
        formerly: names that it had before: what was recorded under them is taken over.
        after: environments that a version has to have run in before.
        merge: whether the gate merges what passes, or a person does.
        merge_method: how the gate merges.
        promotion: how versions come here from the environments of `after`.
        gates: what has to be true before; None when there is none.
        rollback: what happens after a failed deployment.
        deploy: where it is deployed to.
        production: whether it counts as production; None: by its name.
        url: where it can be visited; one segment may be `{application}`.
        declared: False for the one environment of a repository without configuration.
        line: the line of the configuration it is declared on.
    """

    name: str
    path: str = ""
    formerly: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    merge: MergeMode = "manual"
    merge_method: MergeMethod = "merge"
    promotion: Promotion = field(default_factory=Promotion)
    gates: Gates | None = None
    rollback: Rollback = field(default_factory=Rollback)
    deploy: Deploy = field(default_factory=Deploy)
    production: bool | None = None
    url: str = ""
    declared: bool = True
    line: int | None = None

    @property
    def is_production(self) -> bool:
        """Whether it counts as production: as configured, else by its name."""
        return self.name in _PRODUCTION if self.production is None else self.production

    def address(self, applications: Sequence[str]) -> str:
        """Where it can be visited; empty where the address is one for each of several."""
        if PLACEHOLDER not in self.url:
            return self.url
        only = applications[0] if len(applications) == 1 else ""
        return self.url.replace(PLACEHOLDER, only) if only else ""

    @property
    def root(self) -> str:
        """The deepest folder that holds all of it: what comes before the placeholder."""
        return self.path.partition(PLACEHOLDER)[0].rstrip("/")

    def folders(self, applications: Sequence[str]) -> tuple[str, ...]:
        """The folders of these applications; of all when none is named.

        An empty string among them is the whole repository.
        """
        if PLACEHOLDER not in self.path:
            return (self.path,)
        if not applications:
            return (self.root,)
        return tuple(self.path.replace(PLACEHOLDER, name) for name in applications)

    def contains(self, path: str) -> bool:
        """Whether a file of the repository lies in this environment's folder."""
        requested = self.path.split("/") if self.path else []
        given = path.split("/")[:-1][: len(requested)]
        return len(given) == len(requested) and all(
            expected in (PLACEHOLDER, found)
            for expected, found in zip(requested, given, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Config:
    """The whole configuration. `declared` is False when the repository has no file for it."""

    environments: tuple[Environment, ...]
    applications: tuple[Application, ...] = ()
    validate: Validation = field(default_factory=Validation)
    declared: bool = True
    path: str = CONFIG_PATH

    def environment(self, name: str) -> Environment | None:
        """The environment of this name."""
        return next((item for item in self.environments if item.name == name), None)

    def application(self, name: str) -> Application | None:
        """The application of this name, where it is declared."""
        return next((item for item in self.applications if item.name == name), None)
