"""A checkout on disk, for `mode: local`: no token, no network, no Git program."""

from __future__ import annotations

from gitops_action.adapters.worktree.store import WorktreeStore

__all__ = ["WorktreeStore"]
