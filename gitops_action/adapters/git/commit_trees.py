"""Single commits of a repository on a server: their files by name, their content on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from gitops_action.adapters.git.checkout import find_checkout
from gitops_action.adapters.git.command import GitTarget
from gitops_action.adapters.git.objects import read_files
from gitops_action.adapters.git.remote import RETRIES
from gitops_action.adapters.git.scratch import (
    NO_TREES,
    ScratchRepository,
    containing,
    fetch_for_merge,
    is_ancestor,
    merge,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.repository import RepositoryFile, Sides, Tree
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
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Take the repository and its base branch (None: the default branch)."""
        self._target = target
        self._base = base
        self._scratch = ScratchRepository(target, policy=policy)
        # Commits alone, in a repository of their own: a shallow commit would cut the history.
        self._history = ScratchRepository(target, policy=policy)
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
        """Return whether `old` is `new` or lies behind it.

        Raises:
            GitOpsError: one is not a commit of the repository, or the server cannot be reached.
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


# The commits of a checkout, for a person at a terminal: nothing is fetched.


class CheckoutTrees:
    """Implements the port `DeployTrees` on what is checked out; uncommitted files do not count.

    Use it as a context manager. The checkout is read only, and none of its settings or hooks
    come to work.
    """

    def __init__(self, folder: Path, *, policy: RetryPolicy = RETRIES) -> None:
        """Find the checkout.

        Raises:
            UsageError: the folder is in no checkout.
        """
        self._checkout = find_checkout(folder)
        self._scratch = ScratchRepository(None, checkout=self._checkout, policy=policy)

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the scratch folder."""
        self._scratch.close()

    def branch(self) -> str:
        """Not known: what is checked out may be any branch, or none."""
        return ""

    def tip(self) -> str:
        """The commit that is checked out.

        Raises:
            UsageError: there is none yet.
        """
        commit = self._checkout.head().commit
        if not commit:
            raise UsageError("The checkout has no commit", fix="commit what is to be deployed")
        return commit

    def at(self, commit: str | None = None) -> Tree:
        """Every file of a commit; None: of the one that is checked out.

        Raises:
            GitOpsError: the checkout does not have it.
        """
        found = commit or self.tip()
        self._scratch.need(found)
        return self._scratch.tree(found, commit=found)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out."""
        return read_files(self._scratch, tree, paths)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Return whether `old` is `new` or lies behind it.

        Raises:
            GitOpsError: the checkout does not have one of them.
        """
        return is_ancestor(self._scratch, old, new)

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        """Commits up to the one that is checked out that contain this one, newest first.

        Raises:
            GitOpsError: the checkout does not have it.
        """
        return containing(self._scratch, commit, self.tip(), most=most)


# The port `Trees` on a pull request, without a checkout.


class PullRequestTrees:
    """A pull request's head, also a fork's, merged into its base's tip of this moment.

    Use it as a context manager: its folder is removed at the end. Only what is looked at is
    fetched. GitHub's own `refs/pull/N/merge` is not used: it may be behind either side.
    """

    def __init__(
        self,
        target: GitTarget,
        number: int,
        *,
        base: str,
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Take the repository, the pull request's number, and the name of its base branch."""
        self._target = target
        self._number = number
        self._base = base
        self._scratch = ScratchRepository(target, policy=policy)
        self._sides: Sides | None = None

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the folder."""
        self._scratch.close()

    def sides(self) -> Sides:
        """The base's tip, and head merged into it; both as they were at the first call.

        Raises:
            MergeConflictError: head cannot be merged into the base's tip.
            UsageError: there is no such pull request or branch.
            GitOpsError: the server cannot be reached or refuses.
        """
        if self._sides is None:
            self._sides = self._look()
        return self._sides

    def current_head(self) -> str:
        """The pull request's head as it is now.

        Raises:
            UsageError: there is no such pull request.
        """
        head = self._scratch.remote.ref(f"refs/pull/{self._number}/head")
        if head is None:
            raise UsageError(
                f"{self._target.repository} has no pull request {self._number}",
                fix="correct `pull-request`",
            )
        return head

    def moved(self) -> bool:
        """Return whether head has moved since the sides were read."""
        return self._sides is not None and self.current_head() != self._sides.head

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out."""
        return read_files(self._scratch, tree, paths)

    def _look(self) -> Sides:
        head, base = self.current_head(), self._scratch.remote.head(self._base)
        if base is None:
            raise UsageError(
                f"{self._target.repository} has no branch `{self._base}`", fix="correct `base`"
            )
        fetch_for_merge(self._scratch, base, head)
        names = (f"`{self._base}`", f"Pull request {self._number}")
        merged = merge(self._scratch, base, head, names=names)
        return Sides(
            base=self._scratch.tree(base, commit=base),
            merged=self._scratch.tree(merged, commit=""),
            branch=self._base,
            head=head,
            notes=self._scratch.notes,
        )
