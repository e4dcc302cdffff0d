"""Builds what `config` talks to: the checkout."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.worktree.store import CheckoutFolder
from gitops_action.app.commands import Context
from gitops_action.commands import config
from gitops_action.core.inputs.config import config_inputs
from gitops_action.core.inputs.values import Values
from gitops_action.core.outcome import Outcome


def run(values: Values, _context: Context) -> Outcome:
    """Check the inputs together, open the checkout, run."""
    inputs = config_inputs(values)
    checkout = CheckoutFolder(Path(inputs.working_directory))
    return config.run(inputs, config.ConfigPorts(checkout=checkout))
