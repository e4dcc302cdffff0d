"""The Git transport: content read and written by Git itself, where the API cannot be used."""

from __future__ import annotations

from gitops_action.adapters.git.store import GitStore
from gitops_action.adapters.git.target import GitTarget

__all__ = ["GitStore", "GitTarget"]
