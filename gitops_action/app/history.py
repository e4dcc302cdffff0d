"""Builds what `history` talks to: a branch's history and the records of its deployments."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.adapters.clock import system_clock
from gitops_action.app.tools import Context, github_client, read_target
from gitops_action.commands import history
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.access import require_repository
from gitops_action.core.inputs.common import EndpointInputs
from gitops_action.core.inputs.history import HistoryInputs, history_inputs
from gitops_action.core.outcome import Outcome

if TYPE_CHECKING:
    from gitops_action.adapters.git import FirstParentHistory


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = history_inputs(values)
    with ExitStack() as stack:
        return history.run(inputs, _ports(inputs, context, stack))


def _ports(inputs: HistoryInputs, context: Context, stack: ExitStack) -> history.HistoryPorts:
    clock = system_clock(context.environ)
    if not inputs.token:
        from gitops_action.adapters.git import FirstParentHistory  # noqa: PLC0415 - loads Git

        here = FirstParentHistory(None, checkout=Path(inputs.working_directory))
        return history.HistoryPorts(commits=stack.enter_context(here), clock=clock)
    require_repository(inputs.repository, instead=", or no token to read the checkout")
    from gitops_action.adapters.github.merged_by import GitHubCommitPeople  # noqa: PLC0415 - loads requests
    from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - same

    commits = branch_history(inputs, inputs.repository, inputs.token, stack, base=inputs.base)
    client = github_client(inputs, inputs.token, context)
    return history.HistoryPorts(
        commits=commits,
        clock=clock,
        records=GitHubRecords(client, inputs.repository),
        people=GitHubCommitPeople(client, inputs.repository),
    )


def branch_history(
    endpoints: EndpointInputs,
    repository: str,
    token: str,
    stack: ExitStack,
    *,
    base: str | None = None,
) -> FirstParentHistory:
    """The first-parent history of a branch on the server; fetched when it is first read."""
    from gitops_action.adapters.git import FirstParentHistory  # noqa: PLC0415 - loads Git

    target = read_target(endpoints, repository, token)
    return stack.enter_context(FirstParentHistory(target, base=base))
