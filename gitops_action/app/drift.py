"""Builds what `drift` talks to: as `deploy`, without anything that writes."""

from __future__ import annotations

from contextlib import ExitStack

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.progress import ProgressTellers
from gitops_action.adapters.whole_files import TextFile
from gitops_action.app.clusters import GivenClusters, deploy_trees
from gitops_action.app.tools import Context, github_client, kustomize_renderer
from gitops_action.commands.drift import command as drift
from gitops_action.commands.drift.ports import Baselines, DriftPorts
from gitops_action.commands.issues import Issues
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.drift import DriftInputs, drift_inputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = drift_inputs(values)
    with ExitStack() as stack:
        return drift.run(inputs, _ports(inputs, context, stack))


def _ports(inputs: DriftInputs, context: Context, stack: ExitStack) -> DriftPorts:
    tellers = ProgressTellers(context.reporter)
    stack.callback(tellers.close)
    return DriftPorts(
        trees=deploy_trees(inputs, stack),
        renderer=lambda settings: kustomize_renderer(settings, context, reviewed=True),
        clusters=GivenClusters(inputs=inputs, context=context),
        tellers=tellers.of,
        clock=system_clock(context.environ),
        redactor=context.redactor,
        baselines=_baselines(inputs, context),
        sights=TextFile(inputs.sights) if inputs.sights else None,
        issues=_issues(inputs, context),
        branch=inputs.base or "",
    )


def _baselines(inputs: DriftInputs, context: Context) -> Baselines | None:
    if not inputs.token:
        return None
    from gitops_action.adapters.github.deployments import GitHubDeployments  # noqa: PLC0415 - loads requests
    from gitops_action.commands.drift.baselines import RecordedBaselines  # noqa: PLC0415 - same

    client = github_client(inputs, inputs.token, context)
    clock = system_clock(context.environ)
    return RecordedBaselines(GitHubDeployments(client, inputs.repository), clock)


def _issues(inputs: DriftInputs, context: Context) -> Issues | None:
    if not inputs.issue:
        return None
    from gitops_action.adapters.github.issues import GitHubIssues  # noqa: PLC0415 - loads requests

    return GitHubIssues(github_client(inputs, inputs.token, context), inputs.repository)
