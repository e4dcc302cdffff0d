"""The Actions protocol, and the same surface for a terminal."""

from __future__ import annotations

from gitops_action.adapters.workflow.actions import ActionsSurface, FileCommands, random_delimiter
from gitops_action.adapters.workflow.escaping import RedactingStream
from gitops_action.adapters.workflow.job import read_job
from gitops_action.adapters.workflow.surface import Surface
from gitops_action.adapters.workflow.terminal import TerminalSurface

__all__ = [
    "ActionsSurface",
    "FileCommands",
    "RedactingStream",
    "Surface",
    "TerminalSurface",
    "random_delimiter",
    "read_job",
]
