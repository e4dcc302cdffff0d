"""Single commits of a repository on a server: their files by name, their content on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Self

from gitops_action.adapters.git.merge import containing, is_ancestor
from gitops_action.adapters.git.reading import read_files
from gitops_action.adapters.git.scratch import NO_TREES, PATIENT, Patience, Scratch
from gitops_action.adapters.git.target import GitTarget
from gitops_action.core.files import RepositoryFile
from gitops_action.core.trees import Tree
from gitops_action.errors import UsageError


class CommitTrees:
    """What a repository holds at one commit or another, without a checkout.

    Use it as a context manager: its folder is removed at the end.
    """

    def __init__(
        self,
        target: GitTarget,
        *,
        base: str | None = None,
        patience: Patience = PATIENT,
    ) -> None:
        """Take the repository and its base branch (None: the default branch)."""
        self._target = target
        self._base = base
        self._scratch = Scratch(target, patience=patience)
        # Commits alone, in a repository of their own: a shallow commit would cut the history.
        self._history = Scratch(target, patience=patience)
        self._behind: set[str] = set()
        self._comparing = threading.Lock()  # targets of an environment wait side by side
        self._trees: dict[str, Tree] = {}

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the folders."""
        self._scratch.close()
        self._history.close()

    def at(self, commit: str | None = None) -> Tree:
        """Every file of a commit by its full id; None: of the base's tip as it is now.

        Raises:
            UsageError: there is no such branch.
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        found = commit or self.tip()
        if found not in self._trees:
            self._scratch.need(found)
            self._trees[found] = self._scratch.tree(found, commit=found)
        return self._trees[found]

    def branch(self) -> str:
        """The base branch: the one that was named, or else the default branch.

        Raises:
            GitOpsError: the server cannot be reached.
        """
        return self._base or self._scratch.remote.refs().default_branch

    def tip(self) -> str:
        """The commit at the base's tip as it is now.

        Raises:
            UsageError: there is no such branch.
        """
        refs = self._scratch.remote.refs()
        branch = self._base or refs.default_branch
        if branch not in refs.branches:
            raise UsageError(
                f"{self._target.repository} has no branch `{branch}`"
                if branch
                else f"{self._target.repository} has no default branch",
                fix="correct `base`",
            )
        return refs.branches[branch]

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out."""
        return read_files(self._scratch, tree, paths)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Tell whether `old` is `new` or lies behind it.

        Raises:
            GitOpsError: one is no commit of the repository, or the server cannot be reached.
        """
        with self._comparing:
            self._know(old, new)
            return is_ancestor(self._history, old, new)

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        """Newer commits of the base branch that contain this one, newest first; at most `most`.

        Raises:
            GitOpsError: the commit is not known, or the server cannot be reached.
        """
        tip = self.tip()
        with self._comparing:
            self._know(commit, tip)
            return containing(self._history, commit, tip, most=most)

    def _know(self, *commits: str) -> None:
        """Fetch what lies behind these commits, each once."""
        missing = set(commits) - self._behind
        if missing:
            self._history.fetch(missing, limit=NO_TREES, history=True)
            self._behind |= missing
