"""The inputs and outputs of `deploy`, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import timedelta

from gitops_action.core.config.values import parse_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import require_repository
from gitops_action.core.inputs.common import CLUSTER_INPUTS, ClusterInputs
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

_COMMIT = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")

COMMIT = Input(
    name="commit",
    topic="What changes",
    help="Commit of the environment repository to bring the environments to, a full id.",
    default_help="the tip of `base`",
)
PENDING = Input(
    name="pending",
    topic="What changes",
    kind="flag",
    default="false",
    help="Deploy every environment whose described state differs from what was last recorded, in"
    " the order of `after`. With `dry-run` only the list is made, and no cluster is asked.",
)
CONFIRM_PRUNE = Input(
    name="confirm-prune",
    topic="What changes",
    kind="flag",
    default="false",
    help="Delete what is described no more also beyond `prune.max`, and objects of the kinds in"
    " `prune.confirm`.",
)
DESTROY = Input(
    name="destroy",
    topic="What changes",
    help="Delete everything that was applied for this environment, dependents first. Its name is"
    " the confirmation. With `dry-run`, what would go is only shown.",
    default_help="nothing is destroyed",
)
FORCE_CONFLICTS = Input(
    name="force-conflicts",
    topic="What changes",
    kind="flag",
    default="false",
    help="Take over fields that other field managers own, of all objects; of a single one its"
    " annotation `gitops-action/force: allowed` does.",
)
HEALTH_TIMEOUT = Input(
    name="timeout",
    topic="Reporting",
    help="How long everything may take to be healthy, such as `10m`.",
    default_help="the environment's `health.timeout`",
)
ENVIRONMENT_URL = Input(
    name="environment-url",
    topic="Reporting",
    kind="url",
    help="Where the environment can be visited; GitHub shows it beside the Deployment.",
)
ARTIFACT_METADATA = Input(
    name="artifact-metadata",
    topic="Reporting",
    kind="flag",
    default="false",
    help="Record in the artifact metadata of the organization which image runs where. What goes"
    " wrong there is a note.",
)

DEPLOY = Command(
    name="deploy",
    help="Brings environments to a commit, waits until everything is healthy, prunes, and records"
    " a GitHub Deployment.",
    inputs=(
        replace(
            common.ENVIRONMENT,
            help="Environments to deploy.",
            default_help="with `pending` all; else the only one that has a target",
        ),
        COMMIT,
        PENDING,
        CONFIRM_PRUNE,
        DESTROY,
        FORCE_CONFLICTS,
        HEALTH_TIMEOUT,
        ENVIRONMENT_URL,
        ARTIFACT_METADATA,
        replace(common.DRY_RUN, help="Show the difference from live to described, write nothing."),
        common.REPOSITORY,
        replace(common.BASE, help="Branch of the environment repository that is deployed."),
        common.CONFIG,
        replace(
            common.WORKING_DIRECTORY,
            help="Folder of the checkout that is deployed where there is no `token`.",
        ),
        *CLUSTER_INPUTS,
        replace(
            common.TOKEN,
            help="Token for the environment repository: its files, its Deployments.",
        ),
        replace(
            common.SOURCE_TOKEN,
            help="Token for the application repositories, whose commits get a status where"
            " they are deployed. Missing rights degrade to a note.",
        ),
        common.REGISTRY_USERNAME,
        common.REGISTRY_PASSWORD,
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(
            name="result",
            help="`succeeded`, `failed`, `unknown` (not determined), `superseded` (a newer"
            " commit runs) or `nothing`.",
        ),
        Output(
            name="environments",
            help="JSON list of the environments that were deployed; with `pending` and `dry-run`,"
            " of those to deploy now.",
        ),
        Output(
            name="selected",
            help="JSON list of the environments that `environment` or `destroy` names, as the"
            " configuration declares them; only with `pending` and `dry-run`.",
        ),
        Output(name="objects", help="JSON list of what became of each object."),
        Output(name="failures", help="JSON list of what went wrong, with events and log lines."),
        Output(
            name="deployment-id",
            help="Number of the GitHub Deployment; of the first one where there are several.",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class DeployInputs(ClusterInputs, common.EndpointInputs, common.RegistryInputs):
    """The inputs of `deploy`; `commit`, `base` and `timeout` are None when they are not given."""

    environment: tuple[str, ...] = ()
    commit: str | None = None
    pending: bool = False
    confirm_prune: bool = False
    destroy: str = ""
    force_conflicts: bool = False
    timeout: timedelta | None = None
    environment_url: str = ""
    artifact_metadata: bool = False
    dry_run: bool = False
    repository: str = ""
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    working_directory: str = "."
    token: str = field(default="", repr=False)

    @property
    def only_lists(self) -> bool:
        """Whether no cluster is needed: only what is pending is asked."""
        return self.pending and self.dry_run


def deploy_inputs(values: Values, environ: Mapping[str, str]) -> DeployInputs:
    """Build the inputs of `deploy` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: the job's environment, for the actor who logs in at ghcr.io.

    Raises:
        UsageError: what is given is not valid, or does not go together.
    """
    inputs = values.build(
        DeployInputs,
        environment=_environments(values),
        commit=_commit(values.text("commit")),
        timeout=_timeout(values.text("timeout")),
        base=values.text("base") or None,
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    if inputs.pending and inputs.destroy and not inputs.only_lists:
        raise UsageError(
            "`destroy` and `pending` exclude each other", fix="give the one that is meant"
        )
    if inputs.pending and inputs.commit and not inputs.token:
        raise UsageError(
            "`pending` needs a `token`",
            cause="what was last deployed is recorded on GitHub",
            fix="give `token`, or name the `environment`",
        )
    if inputs.token:
        require_repository(inputs.repository)
    return inputs


def _environments(values: Values) -> tuple[str, ...]:
    """The environments; the one to destroy need not be named twice, but may not differ."""
    named, destroyed = values.names("environment"), values.text("destroy")
    if not destroyed:
        return named
    if named and named != (destroyed,):
        raise UsageError(
            f"`destroy` confirms {destroyed!r}, and `environment` is {', '.join(named)!r}",
            cause="the name of the environment is the confirmation",
            fix="give the same one name as `environment` and as `destroy`",
        )
    return (destroyed,)


def _commit(text: str) -> str | None:
    found = text.strip().lower()
    if found and not _COMMIT.fullmatch(found):
        raise UsageError(
            "The input `commit` is not valid",
            cause=f"{text!r} is not a full commit id",
            fix="give all 40 characters, or leave it empty for the tip of `base`",
        )
    return found or None


def _timeout(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise UsageError(
            "The input `timeout` is not valid", cause=str(error), fix="write it like `10m`"
        ) from None
    if not found:
        raise UsageError("The input `timeout` is not valid", cause="it is not a time at all")
    return found
