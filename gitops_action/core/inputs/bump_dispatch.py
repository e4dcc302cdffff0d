"""The part of `bump`'s interface that is about `mode: dispatch`."""

from __future__ import annotations

from gitops_action.core.config.values import format_duration
from gitops_action.core.inputs.bump import DEFAULT_TIMEOUT, DEFAULT_WORKFLOW, DISPATCH_EVENTS
from gitops_action.core.inputs.declaration import Input, Output

DISPATCH_INPUTS = (
    Input(
        name="workflow",
        topic="How it is proposed",
        default=DEFAULT_WORKFLOW,
        help="File name of the workflow that `mode: dispatch` starts in the environment"
        " repository.",
    ),
    Input(
        name="dispatch-event",
        topic="How it is proposed",
        kind="choice",
        choices=DISPATCH_EVENTS,
        default="workflow_dispatch",
        help="How `mode: dispatch` starts the workflow: by itself, which takes `actions: write`, or"
        " by the event `new-application-version`, which takes `contents: write`.",
    ),
    Input(
        name="wait",
        topic="How it is proposed",
        kind="flag",
        default="false",
        help="With `mode: dispatch`: wait for the run and tell how it ended and what it proposed.",
    ),
    Input(
        name="timeout",
        topic="How it is proposed",
        default_help=f"`{format_duration(DEFAULT_TIMEOUT)}`",
        help="How long to wait, like `90s` or `10m`: with `mode: dispatch` and `wait` for the run,"
        " which is `unknown` after that; with `deploy` for everything to be healthy.",
    ),
)

DISPATCH_OUTPUTS = (
    Output(name="run-id", help="With `mode: dispatch`: the number of the run, once known."),
    Output(name="run-url", help="With `mode: dispatch`: the address of the run, once known."),
    Output(
        name="run-conclusion",
        help="With `wait`: how the run ended, as GitHub says (`success`, `failure`,"
        " `cancelled`, …), or `unknown`.",
    ),
)
