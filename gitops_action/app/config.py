"""Builds what `config` talks to: the checkout, and GitHub with `remote`."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.worktree.store import CheckoutFolder, repository_folder
from gitops_action.app.tools import Context, github_client
from gitops_action.commands import config
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.config import ConfigInputs, config_inputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = config_inputs(values)
    folder = Path(inputs.working_directory)
    root = repository_folder(folder, inputs.config) if folder == Path() else folder
    ports = config.ConfigPorts(
        checkout=CheckoutFolder(root),
        now=system_clock(context.environ).now(),
        settings=_settings(inputs, context) if inputs.remote else None,
    )
    return config.run(inputs, ports)


def _settings(inputs: ConfigInputs, context: Context) -> config.SettingsSource:
    from gitops_action.adapters.github.repository_settings import (  # noqa: PLC0415 - loads requests
        GitHubRepositorySettings,
    )

    client = github_client(inputs, inputs.token, context)
    return GitHubRepositorySettings(client, inputs.repository)
