"""The inputs and outputs of `gate`, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.simulate import Simulation, parse_simulation
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import check_access
from gitops_action.core.inputs.bump import VERIFY_MODES, VerifyMode
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.token_permission import TokenPermission, looks_up_images
from gitops_action.core.inputs.validate import PULL_REQUEST, pull_request_number
from gitops_action.core.inputs.values import Values

MergeInput = Literal["auto", "never"]
MERGES: tuple[MergeInput, ...] = get_args(MergeInput)

GATE = Command(
    name="gate",
    help="Evaluates the gates of open pull requests, publishes statuses and one comment each, and"
    " merges those whose environments say so.",
    inputs=(
        replace(
            PULL_REQUEST,
            help="Number of the pull request to evaluate.",
            default_help="every open pull request, the event's first",
        ),
        Input(
            name="merge",
            topic="What changes",
            kind="choice",
            choices=MERGES,
            default="auto",
            help="`auto` merges what its environments allow; `never` evaluates and reports alone.",
        ),
        Input(
            name="simulate",
            topic="What changes",
            help="What is assumed, to see what the gates would say: approvals of the change as it"
            " is now, and the time (`approve:alice,at:2026-11-28T14:00Z`). Nothing is written.",
        ),
        Input(
            name="verify",
            topic="What changes",
            kind="choice",
            choices=VERIFY_MODES,
            default="auto",
            help="How strictly registries must know the images that change. `auto`: a missing"
            " image is an error, an unverifiable one a warning.",
        ),
        replace(
            common.DRY_RUN,
            help="Evaluate and report: no status, no comment, no merge.",
        ),
        common.REPOSITORY,
        replace(common.BASE, help="Branch whose pull requests are evaluated."),
        common.CONFIG,
        replace(
            common.TOKEN,
            help="Token for the environment repository: the gate App's. Its statuses are what the"
            " ruleset pins.",
        ),
        replace(
            common.SOURCE_TOKEN,
            help="Token to read the commits of application repositories (`source-authors`), and to"
            " look private images up at `ghcr.io`.",
        ),
        replace(
            common.REGISTRY_USERNAME,
            help="User for the registries that the base branch names already.",
        ),
        replace(
            common.REGISTRY_PASSWORD,
            help="Password or token for the registries that the base branch names already; it is"
            " never shown to one that a change brings in.",
        ),
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(name="ready", help="JSON list of the pull requests whose gates are all open."),
        Output(name="merged", help="JSON list of the pull requests that were merged."),
        Output(
            name="waiting",
            help="JSON list of every closed gate: pull request, environment, gate, word, reason,"
            " opens, reason code.",
        ),
    ),
)


GATE_RIGHTS: tuple[TokenPermission, ...] = (
    TokenPermission(
        command="gate",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the base, heads and who pushed them; merge",
        when="always (with `merge: never` or `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="read pull requests and reviews, keep the comment up to date",
        when="always (with `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="statuses",
        level="write",
        purpose="publish `gitops/<environment>` and `gitops/ready`",
        when="always (with `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="see what ran in earlier environments",
        when="an environment is deployed",
        without="`after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="checks",
        level="read",
        purpose="read the checks of heads, and the jobs that prove deployments",
        when="an environment has `checks` or is deployed",
        without="`checks`, `after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="actions",
        level="read",
        purpose="read the runs that prove deployments",
        when="an environment is deployed",
        without="`after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="members",
        level="read",
        purpose="read the members of teams (an organisation permission of Apps)",
        when="`approvals` names teams",
        without="`approvals` is unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="merge-queues",
        level="write",
        purpose="put pull requests into the merge queue, and take them out",
        when="the base has a merge queue (an App's alone; the job's token cannot have it)",
        without="nothing is merged, and the run fails with this reason",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="actions",
        level="write",
        purpose="start the workflow that deploys what was merged",
        when="the token is the job's own, whose merges start nothing",
        without="the merge stays undeployed until `deploy.yml`'s schedule, and the run fails",
    ),
    TokenPermission(
        command="gate",
        held_by="source-token",
        permission="attestations",
        level="read",
        purpose="read the attestations of images",
        when="an environment has `provenance`, and the application's repository is private",
        without="`provenance` waits, unless the registry has the attestation",
    ),
    TokenPermission(
        command="gate",
        held_by="source-token",
        permission="contents",
        level="read",
        purpose="read who wrote the application's commits",
        when="`not-by` names `source-authors`",
        without="`approvals` is unknown",
    ),
    *looks_up_images("gate"),
)
"""Rows of the permission matrix."""


@dataclass(frozen=True, kw_only=True)
class GateInputs(common.EndpointInputs, common.RegistryInputs):
    """The inputs of `gate`; `pull_request` is None for all, `base` for the default branch."""

    pull_request: int | None = None
    merge: MergeInput = "auto"
    verify: VerifyMode = "auto"
    dry_run: bool = False
    simulation: Simulation = field(default_factory=Simulation)
    repository: str = ""
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    token: str = field(default="", repr=False)


def gate_inputs(values: Values, environ: Mapping[str, str]) -> GateInputs:
    """Build the inputs of `gate` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: the job's environment, for the actor who logs in at ghcr.io.

    Raises:
        UsageError: what is given does not go together.
    """
    simulation = parse_simulation(values.text("simulate"))
    inputs = values.build(
        GateInputs,
        pull_request=pull_request_number(values.text("pull-request")),
        simulation=simulation,
        dry_run=values.flag("dry-run") or bool(simulation),
        base=values.text("base") or None,
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    check_access(inputs.repository, inputs.token, rights="")
    return inputs
