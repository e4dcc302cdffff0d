"""Builds what `hold` talks to."""

from __future__ import annotations

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import Context, github_client
from gitops_action.commands.hold import command as hold
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.hold import HoldInputs, hold_inputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = hold_inputs(values)
    return hold.run(inputs, _ports(inputs, context))


def _ports(inputs: HoldInputs, context: Context) -> hold.HoldPorts:
    clock = system_clock(context.environ)
    job = read_job(context.environ).working_on(inputs.server_url)
    if inputs.mode == "local":
        from gitops_action.adapters.worktree.store import (  # noqa: PLC0415 - one mode's
            WorktreeStore,
            working_root,
        )

        root = working_root(inputs.working_directory, inputs.config)
        return hold.HoldPorts(store=WorktreeStore(root), clock=clock, job=job)
    from gitops_action.adapters.github import (  # noqa: PLC0415 - loads requests
        ApiContentStore,
        GitHubForge,
    )

    client = github_client(inputs, inputs.token, context)
    return hold.HoldPorts(
        store=ApiContentStore(client, inputs.repository),
        forge=GitHubForge(client, inputs.repository),
        clock=clock,
        job=job,
    )
