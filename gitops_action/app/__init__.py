"""The composition root: read inputs, build adapters, run the command, tell how it went."""

from __future__ import annotations

from gitops_action.app.action import main

__all__ = ["main"]
