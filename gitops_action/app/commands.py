"""The table of commands: how each one's inputs are built and what runs it.

A command's modules are imported when it runs, so that none pays for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.app.tools import CommandRunner, Context, github_client
from gitops_action.core.inputs import Command, TagInputs, Values, check_values
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome

if TYPE_CHECKING:
    from gitops_action.commands.tag import TagPorts
    from gitops_action.core.inputs.init import InitInputs

Runners = Mapping[str, CommandRunner]


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


def _deploy(values: Values, context: Context) -> Outcome:
    from gitops_action.app.deploy import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _drift(values: Values, context: Context) -> Outcome:
    from gitops_action.app.drift import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _history(values: Values, context: Context) -> Outcome:
    from gitops_action.app.history import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _gate(values: Values, context: Context) -> Outcome:
    from gitops_action.app.gate import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _comment(values: Values, context: Context) -> Outcome:
    from gitops_action.app.comment import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _promote(values: Values, context: Context) -> Outcome:
    from gitops_action.app.promote import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _validate(values: Values, context: Context) -> Outcome:
    from gitops_action.app.validate import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _config(values: Values, context: Context) -> Outcome:
    from gitops_action.app.config import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _hold(values: Values, context: Context) -> Outcome:
    from gitops_action.app.hold import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _init(values: Values, context: Context) -> Outcome:
    """With the packaged templates, in this folder, perhaps asking a person."""
    from gitops_action.core.inputs.init import repository_inputs  # noqa: PLC0415 - see above

    if values.text("what") == "kubeconfig":
        from gitops_action.app.kubeconfig import run as init_kubeconfig  # noqa: PLC0415 - a cluster's

        return init_kubeconfig(values, context)
    inputs = repository_inputs(values)
    if inputs.what == "config":
        return _init_config(inputs)
    from gitops_action.adapters.scaffold import (  # noqa: PLC0415 - see above
        FolderTarget,
        PackagedTemplates,
        TerminalPerson,
        runs_from,
    )
    from gitops_action.commands.init import InitPorts, run  # noqa: PLC0415 - same

    ports = InitPorts(
        templates=PackagedTemplates(),
        target=FolderTarget(Path.cwd()),
        person=TerminalPerson(*context.terminal) if context.terminal else None,
        runs_from=runs_from(),
    )
    return run(inputs, ports)


def _init_config(inputs: InitInputs) -> Outcome:
    """At the top of the checkout, or in the folder that is named."""
    from gitops_action.adapters.scaffold import FolderTarget  # noqa: PLC0415 - see above
    from gitops_action.adapters.worktree.store import (  # noqa: PLC0415 - same
        CheckoutFolder,
        repository_folder,
    )
    from gitops_action.commands.init_config import InitConfigPorts, run  # noqa: PLC0415 - same

    root = Path(inputs.output) if inputs.output else repository_folder(Path.cwd())
    target = FolderTarget(Path.cwd())
    return run(
        inputs, InitConfigPorts(checkout=CheckoutFolder(root), target=target, folder=str(root))
    )


def _rollback(values: Values, context: Context) -> Outcome:
    from gitops_action.app.rollback import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _status(values: Values, context: Context) -> Outcome:
    from gitops_action.app.status import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _tag(values: Values, context: Context) -> Outcome:
    from gitops_action.commands.tag import run  # noqa: PLC0415 - see above
    from gitops_action.core.inputs import tag_inputs  # noqa: PLC0415 - same

    inputs = tag_inputs(values, context.environ)
    return run(inputs, _tag_ports(inputs, context))


def _tag_ports(inputs: TagInputs, context: Context) -> TagPorts:
    """GitHub is connected only where the event does not hold everything that is needed."""
    from gitops_action.adapters.clock import system_clock  # noqa: PLC0415 - see above
    from gitops_action.adapters.workflow import read_job  # noqa: PLC0415 - same
    from gitops_action.commands.tag import TagPorts  # noqa: PLC0415 - same
    from gitops_action.core.tags.context import repository_facts_of  # noqa: PLC0415 - same

    clock, job = system_clock(context.environ), read_job(context.environ)
    texts = (inputs.tags, inputs.flavor, inputs.labels, inputs.annotations)
    complete = repository_facts_of(job) and not any("commit_date" in text for text in texts)
    if complete or not inputs.source_token:
        return TagPorts(job=job, clock=clock)
    from gitops_action.adapters.github import GitHubSourceFacts  # noqa: PLC0415 - same

    client = github_client(inputs, inputs.source_token, context)
    return TagPorts(job=job, clock=clock, facts=GitHubSourceFacts(client))


RUNNERS: Runners = {
    "bump": _bump,
    "comment": _comment,
    "config": _config,
    "deploy": _deploy,
    "drift": _drift,
    "gate": _gate,
    "history": _history,
    "hold": _hold,
    "init": _init,
    "promote": _promote,
    "rollback": _rollback,
    "status": _status,
    "tag": _tag,
    "validate": _validate,
}
