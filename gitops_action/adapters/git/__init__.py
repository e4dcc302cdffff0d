"""The Git transport: content read and written by Git itself, where the API cannot be used."""

from __future__ import annotations

from gitops_action.adapters.git.command import GitTarget
from gitops_action.adapters.git.commit_trees import CheckoutTrees, CommitTrees, PullRequestTrees
from gitops_action.adapters.git.local_trees import LocalTrees
from gitops_action.adapters.git.store import GitStore

__all__ = [
    "CheckoutTrees",
    "CommitTrees",
    "GitStore",
    "GitTarget",
    "LocalTrees",
    "PullRequestTrees",
]
