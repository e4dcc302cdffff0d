"""The inputs and outputs of `drift`."""

from __future__ import annotations

from dataclasses import field, replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.common import CLUSTER_INPUTS, ClusterInputs
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.history import FORMAT, HistoryFormat
from gitops_action.core.inputs.token_permission import TokenPermission
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

EXIT_CODE = Input(
    name="exit-code",
    topic="Reporting",
    kind="flag",
    default="false",
    help="End with 1 where the state is `drifted` or `unknown`.",
)

DRIFT = Command(
    name="drift",
    help="Compares the cluster with what was deployed, by reads alone.",
    inputs=(
        replace(
            common.ENVIRONMENT,
            help="Environments to compare.",
            default_help="every environment that has a target",
        ),
        EXIT_CODE,
        FORMAT,
        common.REPOSITORY,
        replace(common.BASE, help="Branch of the environment repository."),
        common.CONFIG,
        replace(
            common.WORKING_DIRECTORY,
            help="Folder of the checkout that is read where there is no `token`.",
        ),
        *CLUSTER_INPUTS,
        replace(
            common.TOKEN,
            help="Token for the environment repository: its files, its Deployments.",
        ),
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(
            name="state",
            help="`clean`, `drifted`, or `unknown` (a deployment runs, or something could not be"
            " read).",
        ),
        Output(
            name="report",
            help="JSON: each environment with its objects and fields that differ, who changed them"
            " and when, and a patch that adopts the change in Git.",
        ),
    ),
)

DRIFT_RIGHTS = (
    TokenPermission(
        command="drift",
        held_by="token",
        permission="contents",
        level="read",
        purpose="read what was deployed",
    ),
    TokenPermission(
        command="drift",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="find the newest successful deployment, and see whether one runs",
    ),
    *(
        TokenPermission(
            command="drift",
            held_by=secret,
            permission="the cluster's Role",
            level="read",
            purpose="get, list and watch what is described (Kubernetes RBAC: docs/drift.md)",
            when="it is how the cluster is reached",
        )
        for secret in ("kubeconfig", "kube-token")
    ),
)


@dataclass(frozen=True, kw_only=True)
class DriftInputs(ClusterInputs, common.EndpointInputs):
    """The inputs of `drift`; `base` is None for the default branch."""

    environment: tuple[str, ...] = ()
    exit_code: bool = False
    format: HistoryFormat = "table"
    repository: str = ""
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    working_directory: str = "."
    token: str = field(default="", repr=False)


def drift_inputs(values: Values) -> DriftInputs:
    """Build the inputs of `drift` from checked values.

    Raises:
        UsageError: the repository is not known.
    """
    inputs = values.build(DriftInputs, base=values.text("base") or None)
    if not inputs.repository:
        raise UsageError(
            "The environment repository is not known",
            cause="its name distinguishes its inventory in the cluster from others",
            fix="give `repository: OWNER/NAME`",
        )
    return inputs
