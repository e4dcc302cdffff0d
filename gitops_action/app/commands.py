"""The table of commands: how each one's inputs are built and what runs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.scaffold import FolderTarget, PackagedTemplates, TerminalPerson
from gitops_action.adapters.workflow import read_job
from gitops_action.adapters.worktree.store import CheckoutFolder
from gitops_action.app.tools import CommandRunner, Context
from gitops_action.commands import config, init, tag
from gitops_action.core.inputs import Command, TagInputs, Values, check_values, tag_inputs
from gitops_action.core.inputs.config import config_inputs
from gitops_action.core.inputs.init import InitInputs
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.tags.context import repository_facts_of

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


def _config(values: Values, context: Context) -> Outcome:

    return run_config(values, context)


def _deploy(values: Values, context: Context) -> Outcome:
    from gitops_action.app.deploy import run  # noqa: PLC0415 - only this command pays for it

    return run(values, context)


def _init(values: Values, context: Context) -> Outcome:

    return run_init(values, context)


def _tag(values: Values, context: Context) -> Outcome:

    return run_tag(values, context)


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


# Builds what `config` talks to: the checkout.


def run_config(values: Values, _context: Context) -> Outcome:
    """Check the inputs together, open the checkout, run."""
    inputs = config_inputs(values)
    checkout = CheckoutFolder(Path(inputs.working_directory))
    return config.run(inputs, config.ConfigPorts(checkout=checkout))


# Builds what `init` talks to: the packaged templates, this folder, and perhaps a person.


def run_init(values: Values, context: Context) -> Outcome:
    """Read the inputs, build the ports, run."""
    ports = init.InitPorts(
        templates=PackagedTemplates(),
        target=FolderTarget(Path.cwd()),
        person=TerminalPerson(*context.terminal) if context.terminal else None,
    )
    return init.run(values.build(InitInputs), ports)


# Builds what `tag` talks to: the job, the clock, and GitHub for what the event lacks.


def run_tag(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = tag_inputs(values, context.environ)
    return tag.run(inputs, build_ports(inputs, context))


def build_ports(inputs: TagInputs, context: Context) -> tag.TagPorts:
    """GitHub is connected only where the event does not tell everything by itself."""
    clock, job = system_clock(context.environ), read_job(context.environ)
    texts = (inputs.tags, inputs.flavor, inputs.labels, inputs.annotations)
    complete = repository_facts_of(job) and not any("commit_date" in text for text in texts)
    if complete or not inputs.source_token:
        return tag.TagPorts(job=job, clock=clock)
    from gitops_action.adapters.github import GitHubSourceFacts, connect  # noqa: PLC0415 - loads requests

    client = connect(inputs.source_token, inputs.api_url, inputs.graphql_url, clock)
    return tag.TagPorts(job=job, clock=clock, facts=GitHubSourceFacts(client))
