"""The composition root: read inputs, build adapters, run the command, report the result."""

from __future__ import annotations

from gitops_action.app.action import main

__all__ = ["main"]
