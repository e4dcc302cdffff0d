"""The inputs and outputs of `promote`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import check_access
from gitops_action.core.inputs.bump_interface import BUMP
from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

_PASSED_ON = (
    "pull-request-labels",
    "pull-request-reviewers",
    "pull-request-team-reviewers",
    "pull-request-assignees",
)
_OUTPUTS = (
    *("changed", "plan", "files", "pull-requests", "pull-request-number", "pull-request-url"),
    *("pull-request-operation", "branch", "commit"),
)

PROMOTE = Command(
    name="promote",
    help="Proposes the images that run, verified, in one environment to those that come after it:"
    " one pull request for each application and environment, with the digest that ran.",
    inputs=(
        Input(
            name="from-environment",
            topic="What changes",
            help="Environment whose versions are promoted.",
            default_help="those in the target's `after`",
        ),
        Input(
            name="to-environment",
            topic="What changes",
            help="Environment that is promoted to; one that is named is promoted to whatever its"
            " `promotion.mode` is, and a version that a person declined is proposed again.",
            default_help="every environment with `after` and `promotion.mode: auto`",
        ),
        replace(
            common.APPLICATION,
            help="Applications to promote.",
            default_help="every application",
        ),
        Input(
            name="version",
            topic="What changes",
            help="Tag or digest to promote; it has to have been verified before.",
            default_help="as `promotion.pick` chooses",
        ),
        Input(
            name="yes",
            topic="How it is proposed",
            kind="flag",
            default="false",
            help="At a terminal: propose without asking.",
        ),
        *(item for item in BUMP.inputs if item.name in _PASSED_ON),
        common.DRY_RUN,
        common.REPOSITORY,
        common.TOKEN,
        common.BASE,
        common.CONFIG,
        common.SOURCE_TOKEN,
        common.REGISTRY_USERNAME,
        common.REGISTRY_PASSWORD,
        *common.ENDPOINTS,
    ),
    outputs=tuple(item for item in BUMP.outputs if item.name in _OUTPUTS),
)


@dataclass(frozen=True, kw_only=True)
class PromoteInputs(common.RepositoryInputs, common.RegistryInputs):
    """The inputs of `promote`; `environment` is not one of them."""

    from_environment: str = ""
    to_environment: str = ""
    version: str = ""
    yes: bool = False
    pull_request_labels: tuple[str, ...] = ()
    pull_request_reviewers: tuple[str, ...] = ()
    pull_request_team_reviewers: tuple[str, ...] = ()
    pull_request_assignees: tuple[str, ...] = ()


def promote_inputs(values: Values, environ: Mapping[str, str]) -> PromoteInputs:
    """Build the inputs of `promote` from checked values.

    Raises:
        UsageError: what is given does not go together.
    """
    inputs = values.build(
        PromoteInputs,
        base=values.text("base") or None,
        environment=(),
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    check_access(inputs.repository, inputs.token)
    if inputs.version and not (inputs.to_environment and inputs.application):
        raise UsageError(
            "`version` needs `to-environment` and `application`",
            fix="say which application's version goes to which environment",
        )
    return inputs
