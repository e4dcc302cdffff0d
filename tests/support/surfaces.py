"""A surface that nobody looks at."""

from __future__ import annotations

import io

from gitops_action.adapters.workflow.terminal import TerminalSurface
from gitops_action.core.redaction.known import Redactor

QUIET = TerminalSurface(stream=io.StringIO(), redactor=Redactor(), colour=False)
