"""Builds what `rollback` talks to."""

from __future__ import annotations

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import EVERY_REGISTRY, Context, github_client, image_registry
from gitops_action.commands.rollback import command as rollback
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.rollback import RollbackInputs, rollback_inputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = rollback_inputs(values, context.environ)
    return rollback.run(inputs, build_ports(inputs, context, records_requests=True))


def build_ports(
    inputs: RollbackInputs, context: Context, *, records_requests: bool = False
) -> RollbackPorts:
    """GitHub, the registry and the clock; who asked is recorded unless another command does."""
    from gitops_action.adapters.git.merge_lines import merge_lines  # noqa: PLC0415 - one command's
    from gitops_action.adapters.github import (  # noqa: PLC0415 - loads requests
        ApiContentStore,
        GitHubForge,
    )
    from gitops_action.adapters.github.deployments import GitHubDeployments  # noqa: PLC0415 - same
    from gitops_action.adapters.github.issues import GitHubIssues  # noqa: PLC0415 - same
    from gitops_action.adapters.github.origins import GitHubOrigins  # noqa: PLC0415 - same
    from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - same
    from gitops_action.adapters.github.rollback_requests import GitHubRequests  # noqa: PLC0415 - same
    from gitops_action.adapters.views import Views  # noqa: PLC0415 - loads a template engine

    clock = system_clock(context.environ)
    job = read_job(context.environ).working_on(inputs.server_url)
    client = github_client(inputs, inputs.token, context)
    forge = GitHubForge(client, inputs.repository)
    sources = None
    if inputs.source_token:
        source = github_client(inputs, inputs.source_token, context)
        sources = GitHubDeployments(source, inputs.repository)
    return RollbackPorts(
        store=ApiContentStore(client, inputs.repository),
        forge=forge,
        records=GitHubRecords(client, inputs.repository),
        registry=image_registry(inputs, context, EVERY_REGISTRY),
        texts=Views(job=job),
        clock=clock,
        job=job,
        issues=GitHubIssues(client, inputs.repository),
        origins=GitHubOrigins(client, inputs.repository),
        merge_lines=merge_lines,
        requests=GitHubRequests(client, inputs.repository, forge) if records_requests else None,
        sources=sources,
    )
