"""The way in for the action: inputs from `INPUT_*`, results by the Actions protocol."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.adapters.workflow import ActionsReporter
from gitops_action.app.session import RunRequest, Session
from gitops_action.app.surroundings import ProcessEnvironment, of_this_process
from gitops_action.core.inputs import ACTION_COMMANDS, COMMAND, command_named, every_input, nearest
from gitops_action.core.inputs.values import (
    given_inputs,
    refuse_unknown_inputs,
    stray_inputs,
    variable,
)
from gitops_action.errors import UsageError


def main(around: ProcessEnvironment | None = None) -> int:
    """Run the command that the inputs name; gives the process' exit code."""
    around = around or of_this_process()
    redactor = around.redactor()
    reporter = ActionsReporter(stream=around.stdout, environ=around.environ, redactor=redactor)
    session = Session(around=around, redactor=redactor, reporter=reporter)
    return session.run(lambda: read_request(around.environ))


def read_request(environ: Mapping[str, str]) -> RunRequest:
    """The request as the runner passes it.

    Raises:
        UsageError: there is no such command or input.
        GitOpsErrors: several inputs do not exist.
    """
    name = environ.get(variable(COMMAND.name), "").strip() or COMMAND.default
    command = command_named(name)
    if command is None or command.terminal_only:
        raise _no_command(name, known=command is not None)
    refuse_unknown_inputs(command, every_input(), environ)
    return RunRequest(
        command=command,
        given=given_inputs(command.inputs, environ),
        remarks=stray_inputs(command, every_input(), environ),
    )


def _no_command(name: str, *, known: bool) -> UsageError:
    names = tuple(item.name for item in ACTION_COMMANDS)
    listed = f"write one of {', '.join(names)}"
    if known:
        return UsageError(
            f"`{name}` is a command for a terminal, not for the action",
            cause="the input `command` names it",
            fix=f"run `gitops-action {name} …` in a step, or {listed}",
        )
    close = nearest(name, names)
    return UsageError(
        f"There is no command {name!r}",
        cause="the input `command` names it",
        fix=f"did you mean `{close}`? {listed}" if close else listed,
    )
