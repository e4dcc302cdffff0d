"""Builds what `status` talks to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.status_page import HtmlPage
from gitops_action.adapters.whole_files import OutputFiles
from gitops_action.app.history import branch_history
from gitops_action.app.tools import Context, github_client
from gitops_action.commands import status
from gitops_action.core.gates.model import COMMENT_MARKER
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.access import require_repository
from gitops_action.core.inputs.status import StatusInputs, status_inputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = status_inputs(values)
    with ExitStack() as stack:
        return status.run(inputs, _ports(inputs, context, stack))


def _ports(inputs: StatusInputs, context: Context, stack: ExitStack) -> status.StatusPorts:
    clock = system_clock(context.environ)
    folder = Path(inputs.working_directory)
    page, output = HtmlPage(), OutputFiles(folder)
    if not inputs.token:
        from gitops_action.adapters.git import FirstParentHistory  # noqa: PLC0415 - loads Git

        here = stack.enter_context(FirstParentHistory(None, checkout=folder))
        return status.StatusPorts(commits=here, clock=clock, page=page, output=output)
    require_repository(inputs.repository, instead=", or no token to read the checkout")
    from gitops_action.adapters.github.drift_runs import (  # noqa: PLC0415 - loads requests
        GitHubDriftRuns,
    )
    from gitops_action.adapters.github.issues import GitHubIssues  # noqa: PLC0415 - loads requests
    from gitops_action.adapters.github.open_pull_requests import (  # noqa: PLC0415 - loads requests
        GitHubOpenPullRequests,
    )
    from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - same
    from gitops_action.adapters.github.source_commits import (  # noqa: PLC0415 - same
        GitHubSourceCommits,
    )

    client = github_client(inputs, inputs.token, context)
    source = github_client(inputs, inputs.source_token, context) if inputs.source_token else None
    return status.StatusPorts(
        commits=branch_history(inputs, inputs.repository, inputs.token, stack, base=inputs.base),
        clock=clock,
        page=page,
        output=output,
        records=GitHubRecords(client, inputs.repository),
        pulls=GitHubOpenPullRequests(client, inputs.repository, marker=COMMENT_MARKER),
        issues=GitHubIssues(client, inputs.repository),
        comparisons=GitHubDriftRuns(client, inputs.repository),
        sources=GitHubSourceCommits(source) if source else None,
    )
