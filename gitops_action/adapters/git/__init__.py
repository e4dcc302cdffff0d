"""The Git transport: content read and written by Git itself, where the API cannot be used."""

from __future__ import annotations

from gitops_action.adapters.git.checkout_trees import CheckoutTrees
from gitops_action.adapters.git.commit_trees import CommitTrees
from gitops_action.adapters.git.local_trees import LocalTrees
from gitops_action.adapters.git.pull_trees import PullRequestTrees
from gitops_action.adapters.git.scratch import Patience
from gitops_action.adapters.git.store import GitStore
from gitops_action.adapters.git.target import GitTarget

__all__ = [
    "CheckoutTrees",
    "CommitTrees",
    "GitStore",
    "GitTarget",
    "LocalTrees",
    "Patience",
    "PullRequestTrees",
]
