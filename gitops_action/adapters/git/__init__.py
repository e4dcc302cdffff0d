"""The Git transport: content read and written by Git itself, where the API cannot be used.

Names are loaded when they are asked for: reading `.git` alone needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_action.adapters.git.command import GitTarget
    from gitops_action.adapters.git.commit_trees import (
        CheckoutTrees,
        CommitTrees,
        PullRequestTrees,
    )
    from gitops_action.adapters.git.first_parent import FirstParentHistory
    from gitops_action.adapters.git.local_trees import LocalTrees
    from gitops_action.adapters.git.store import GitStore

_HOMES = {
    "CheckoutTrees": "commit_trees",
    "CommitTrees": "commit_trees",
    "FirstParentHistory": "first_parent",
    "GitStore": "store",
    "GitTarget": "command",
    "LocalTrees": "local_trees",
    "PullRequestTrees": "commit_trees",
}

__all__ = [
    "CheckoutTrees",
    "CommitTrees",
    "FirstParentHistory",
    "GitStore",
    "GitTarget",
    "LocalTrees",
    "PullRequestTrees",
]


def __getattr__(name: str) -> object:
    """Load a name of the package (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
