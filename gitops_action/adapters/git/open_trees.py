"""Heads of many pull requests merged into one base, in one scratch repository.

Fulfils the port `GateTrees`. Everything that the heads and the base need is fetched in two requests
to the server, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from gitops_action.adapters.git.command import GitTarget
from gitops_action.adapters.git.objects import read_files
from gitops_action.adapters.git.remote import RETRIES
from gitops_action.adapters.git.scratch import (
    NO_BLOBS,
    NO_TREES,
    ScratchRepository,
    merge,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.repository import RepositoryFile, Sides, Tree
from gitops_action.errors import UsageError

_MOST_MESSAGES = 100


class OpenTrees:
    """Commits of a repository, and merges of them; use it as a context manager."""

    def __init__(self, target: GitTarget, *, branch: str, policy: RetryPolicy = RETRIES) -> None:
        """Take the repository and the base branch."""
        self._target = target
        self._branch = branch
        self._scratch = ScratchRepository(target, policy=policy)
        self._behind: set[str] = set()
        self._mergeable: set[tuple[str, str]] = set()
        self._trees: dict[str, Tree] = {}

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the folder."""
        self._scratch.close()

    def tip(self) -> str:
        """The commit at the base's tip as it is now.

        Raises:
            UsageError: there is no such branch.
            GitOpsError: the server cannot be reached.
        """
        found = self._scratch.remote.head(self._branch)
        if found is None:
            raise UsageError(
                f"{self._target.repository} has no branch `{self._branch}`", fix="correct `base`"
            )
        return found

    def fetch(self, base: str, heads: Iterable[str] = ()) -> None:
        """Have what merging each of the heads into the base takes at hand.

        Raises:
            GitOpsError: a commit is not to be had, or the server cannot be reached.
        """
        asked = list(dict.fromkeys([base, *heads]))
        if new := [commit for commit in asked if commit not in self._behind]:
            self._scratch.fetch(new, limit=NO_TREES, history=True)
            self._behind.update(new)
        pairs = [(base, head) for head in asked if (base, head) not in self._mergeable]
        commits = {commit for pair in pairs for commit in (*pair, *self._merge_bases(*pair))}
        if not commits:
            return
        listed = self._scratch.git.check(["log", "--no-walk", "--format=%T"], operands=[*commits])
        trees = dict.fromkeys(listed.decode().split())
        present = self._scratch.sizes(list(trees))
        if missing := [tree for tree in trees if tree not in present]:
            self._scratch.fetch(missing, limit=NO_BLOBS, history=True)
        self._mergeable.update(pairs)

    def _merge_bases(self, base: str, head: str) -> tuple[str, ...]:
        if base == head:
            return ()
        bases = self._scratch.git.run(["merge-base", "--all"], operands=[base, head])
        return tuple(bases.stdout.decode().split())

    def at(self, commit: str) -> Tree:
        """Every file of a commit.

        Raises:
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        if commit not in self._trees:
            self.fetch(commit)
            self._trees[commit] = self._scratch.tree(commit, commit=commit)
        return self._trees[commit]

    def sides(self, *, base: str, head: str) -> Sides:
        """A base commit, and a head merged into it.

        Raises:
            MergeConflictError: they cannot be merged.
            GitOpsError: a commit is not to be had, or the two have nothing in common.
        """
        self.fetch(base, [head])
        names = (f"`{self._branch}`", head[:12])
        merged = merge(self._scratch, base, head, names=names)
        return Sides(
            base=self.at(base),
            merged=self._scratch.tree(merged, commit=""),
            branch=self._branch,
            head=head,
            notes=self._scratch.notes,
        )

    def messages(self, *, base: str, head: str) -> tuple[str, ...]:
        """The messages of the commits that the head has and the base has not, oldest first.

        Raises:
            GitOpsError: a commit is not to be had.
        """
        self.fetch(base, [head])
        listed = self._scratch.git.check(
            ["log", "--reverse", "-z", "--format=%B"],
            values=[("--max-count", str(_MOST_MESSAGES))],
            operands=[head, f"^{base}"],
        )
        return tuple(text for text in listed.decode(errors="replace").split("\0") if text)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out.

        Raises:
            GitOpsError: the server cannot be reached.
        """
        return read_files(self._scratch, tree, paths)
