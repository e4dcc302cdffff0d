"""The inputs and outputs of `drift`."""

from __future__ import annotations

from dataclasses import field, replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import require_identity
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

ISSUE = Input(
    name="issue",
    topic="Reporting",
    kind="flag",
    default="false",
    help="Keep one issue for each environment: it opens when something is seen a second time in a"
    " row, is brought up to date, and closes itself. Needs `token` and `sights`.",
)
SIGHTS = Input(
    name="sights",
    topic="Reporting",
    help="File that keeps what was seen, from one run to the next; read first, then written.",
    default_help="nothing is kept",
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
        ISSUE,
        SIGHTS,
        EXIT_CODE,
        FORMAT,
        replace(
            common.DRY_RUN,
            help="List the environments that can be compared; no cluster is asked.",
        ),
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
        Output(
            name="environments",
            help="JSON list of the environments that were compared; with `dry-run`, of those that"
            " can be.",
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
    TokenPermission(
        command="drift",
        held_by="token",
        permission="issues",
        level="write",
        purpose="keep one issue for each environment",
        when="`issue` is given",
        without="a warning; no issue is kept",
    ),
    *(
        TokenPermission(
            command="drift",
            held_by=secret,
            permission="the cluster's Role",
            level="read",
            purpose="get and list what is described (Kubernetes RBAC: docs/drift.md)",
            when="it is how the cluster is reached",
        )
        for secret in ("kubeconfig", "kube-token")
    ),
)


@dataclass(frozen=True, kw_only=True)
class DriftInputs(ClusterInputs, common.EndpointInputs):
    """The inputs of `drift`; `base` is None for the default branch."""

    environment: tuple[str, ...] = ()
    issue: bool = False
    sights: str = ""
    exit_code: bool = False
    dry_run: bool = False
    format: HistoryFormat = "table"
    repository: str = ""
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    working_directory: str = "."
    token: str = field(default="", repr=False)


def drift_inputs(values: Values) -> DriftInputs:
    """Build the inputs of `drift` from checked values.

    Raises:
        UsageError: the repository is not known, or `issue` is given without what it needs.
    """
    inputs = values.build(DriftInputs, base=values.text("base") or None)
    require_identity(inputs.repository)
    if inputs.issue and not (inputs.token and inputs.sights):
        raise UsageError(
            "`issue` needs `token` and `sights`",
            cause="an issue opens for what was seen in two runs in a row",
            fix="name a file that is kept from one run to the next, as drift.yml does",
        )
    return inputs
