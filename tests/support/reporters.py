"""A reporter whose output is not looked at."""

from __future__ import annotations

import io

from gitops_action.adapters.workflow.terminal import TerminalReporter
from gitops_action.core.redaction.known import Redactor

QUIET = TerminalReporter(stream=io.StringIO(), redactor=Redactor(), colour=False)
