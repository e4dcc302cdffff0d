"""The Actions protocol, and the same surface for a terminal."""

from __future__ import annotations

from gitops_action.adapters.workflow.actions import ActionsReporter, FileCommands, random_delimiter
from gitops_action.adapters.workflow.escaping import RedactingStream
from gitops_action.adapters.workflow.job import read_job
from gitops_action.adapters.workflow.reporter import Reporter
from gitops_action.adapters.workflow.terminal import TerminalReporter

__all__ = [
    "ActionsReporter",
    "FileCommands",
    "RedactingStream",
    "Reporter",
    "TerminalReporter",
    "random_delimiter",
    "read_job",
]
