"""Builds what `config` talks to: the checkout, and GitHub with `remote`."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.git.checkout import find_checkout, origin_address
from gitops_action.adapters.worktree.store import CheckoutFolder, working_root
from gitops_action.app.tools import Context, github_client
from gitops_action.commands import config
from gitops_action.core.images.oci import source_repository
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.config import ConfigInputs, config_inputs
from gitops_action.core.outcome import Outcome
from gitops_action.errors import UsageError


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    root = working_root(values.text("working-directory"), values.text("config"))
    inputs = config_inputs(values, context.environ, origin=_origin(root, values.text("server-url")))
    ports = config.ConfigPorts(
        checkout=CheckoutFolder(root),
        now=system_clock(context.environ).now(),
        settings=_settings(inputs, context) if inputs.remote else None,
    )
    return config.run(inputs, ports)


def _origin(root: Path, server_url: str) -> str:
    """The repository of the checkout's remote `origin`; empty where it is on another server."""
    try:
        address = origin_address(find_checkout(root).common)
    except UsageError:
        return ""
    return source_repository(address, server_url=server_url) or ""


def _settings(inputs: ConfigInputs, context: Context) -> config.SettingsSource:
    from gitops_action.adapters.github.repository_settings import (  # noqa: PLC0415 - loads requests
        GitHubRepositorySettings,
    )

    client = github_client(inputs, inputs.token, context)
    return GitHubRepositorySettings(client, inputs.repository)
