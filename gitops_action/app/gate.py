"""Builds what `gate` talks to: GitHub as the gate App, Git, and the tools of `validate`."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import Context, kustomize_renderer
from gitops_action.app.validate import ToolWorkshop
from gitops_action.commands.gate import command as gate
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.publish import MARKER
from gitops_action.commands.ports import Renderer
from gitops_action.core.config import Validation
from gitops_action.core.inputs import ValidateInputs, Values
from gitops_action.core.inputs.gate import GateInputs, gate_inputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.pull_requests import Identity

if TYPE_CHECKING:
    from gitops_action.adapters.github import GitHubClient

_NOBODY = Identity(login="gitops-action", name="gitops-action", email="gitops-action@localhost")
"""Git wants a name for the merges that it tries out; those commits never leave the machine."""


class GateWorkshop(ToolWorkshop):
    """The tools of `validate`, in a job that holds tokens."""

    def renderer(self, settings: Validation) -> Renderer:
        """Kustomize; helm where it runs as another user."""
        return kustomize_renderer(settings, self._context, privileged=True)


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = gate_inputs(values, context.environ)
    from gitops_action.adapters.github import connect  # noqa: PLC0415 - loads requests

    clock = system_clock(context.environ)
    client = connect(inputs.token, inputs.api_url, inputs.graphql_url, clock)
    with ExitStack() as stack:
        return gate.run(*build(inputs, context, client, stack))


def build(
    inputs: GateInputs, context: Context, client: GitHubClient, stack: ExitStack
) -> tuple[GateInputs, GatePorts]:
    """The ports, and the inputs with the base branch that they are for.

    Raises:
        GitOpsError: the default branch cannot be read.
    """
    from gitops_action.adapters.gate_views import GateViews  # noqa: PLC0415 - a template engine
    from gitops_action.adapters.git.command import GitTarget  # noqa: PLC0415 - loads Git
    from gitops_action.adapters.git.open_trees import OpenTrees  # noqa: PLC0415 - same
    from gitops_action.adapters.github.activity import GitHubActivity  # noqa: PLC0415 - this one's
    from gitops_action.adapters.github.checks import GitHubChecks  # noqa: PLC0415 - same
    from gitops_action.adapters.github.gate_writes import (  # noqa: PLC0415 - same
        GitHubGateComments,
        GitHubStatuses,
    )
    from gitops_action.adapters.github.merge import GitHubMerges  # noqa: PLC0415 - same
    from gitops_action.adapters.github.open_pull_requests import (  # noqa: PLC0415 - same
        GitHubOpenPullRequests,
    )
    from gitops_action.adapters.github.people import GitHubPeople  # noqa: PLC0415 - same
    from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - same

    pulls = GitHubOpenPullRequests(client, inputs.repository, marker=MARKER)
    base = inputs.base or pulls.default_branch()
    target = GitTarget(
        server_url=inputs.server_url,
        repository=inputs.repository,
        token=inputs.token,
        identity=_NOBODY,
    )
    ports = GatePorts(
        repository=inputs.repository,
        pull_requests=pulls,
        trees=stack.enter_context(OpenTrees(target, branch=base)),
        workshop=GateWorkshop(_of_validate(inputs), context),
        activity=GitHubActivity(client),
        people=GitHubPeople(client, inputs.repository),
        checks=GitHubChecks(client, inputs.repository),
        records=GitHubRecords(client, inputs.repository),
        statuses=GitHubStatuses(client, inputs.repository),
        comments=GitHubGateComments(client, inputs.repository),
        merges=GitHubMerges(client, inputs.repository),
        texts=GateViews(),
        clock=system_clock(context.environ),
        job=read_job(context.environ),
    )
    return replace(inputs, base=base), ports


def _of_validate(inputs: GateInputs) -> ValidateInputs:
    """What the tools of `validate` are made by."""
    return ValidateInputs(
        verify=inputs.verify,
        source_token=inputs.source_token,
        registry_username=inputs.registry_username,
        registry_password=inputs.registry_password,
        ghcr_username=inputs.ghcr_username,
        ghcr_password=inputs.ghcr_password,
    )
