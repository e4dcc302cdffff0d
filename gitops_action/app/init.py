"""Builds what `init` talks to: the packaged templates, this folder, and perhaps a person."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.scaffold import FolderTarget, PackagedTemplates, TerminalPerson
from gitops_action.app.commands import Context
from gitops_action.commands import init
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.init import InitInputs
from gitops_action.core.outcome import Outcome


def run(values: Values, context: Context) -> Outcome:
    """Read the inputs, build the ports, run."""
    ports = init.InitPorts(
        templates=PackagedTemplates(),
        target=FolderTarget(Path.cwd()),
        person=TerminalPerson(*context.terminal) if context.terminal else None,
    )
    return init.run(values.build(InitInputs), ports)
