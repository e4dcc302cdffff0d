"""The table of commands: how each one's inputs are built and what runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

from gitops_action.adapters.workflow import Surface
from gitops_action.core.inputs import Command, Values, check_values
from gitops_action.core.inputs.defaults import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redact import Redactor


@dataclass(frozen=True, kw_only=True)
class Context:
    """What building a command's adapters takes, beside its inputs.

    `terminal` is where a person can be asked, input and output; None in a job, in a pipe, and
    where a program reads the outcome. `surface` shows what cannot wait for the outcome.
    """

    environ: Mapping[str, str]
    redactor: Redactor
    surface: Surface
    terminal: tuple[TextIO, TextIO] | None = None


Runner = Callable[[Values, Context], Outcome]
Runners = Mapping[str, Runner]


def execute(
    command: Command, given: Mapping[str, str], context: Context, runners: Runners
) -> Outcome:
    """Resolve and check the inputs, then run the command on adapters built for it."""
    texts = with_defaults(command, given, context.environ)
    for item in command.inputs:
        if item.kind == "secret":
            context.redactor.add(texts.get(item.name, ""))
    return runners[command.name](check_values(command, texts), context)


def _bump(values: Values, context: Context) -> Outcome:
    from gitops_action.app.bump import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _config(values: Values, context: Context) -> Outcome:
    from gitops_action.app.config import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _deploy(values: Values, context: Context) -> Outcome:
    from gitops_action.app.deploy import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _init(values: Values, context: Context) -> Outcome:
    from gitops_action.app.init import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _tag(values: Values, context: Context) -> Outcome:
    from gitops_action.app.tag import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _validate(values: Values, context: Context) -> Outcome:
    from gitops_action.app.validate import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


RUNNERS: Runners = {
    "bump": _bump,
    "config": _config,
    "deploy": _deploy,
    "init": _init,
    "tag": _tag,
    "validate": _validate,
}
