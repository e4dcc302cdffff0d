"""The port `Trees` on a pull request, without a checkout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from gitops_action.adapters.git.merge import fetch_for_merge, merge
from gitops_action.adapters.git.reading import read_files
from gitops_action.adapters.git.scratch import PATIENT, Patience, Scratch
from gitops_action.adapters.git.target import GitTarget
from gitops_action.core.files import RepositoryFile
from gitops_action.core.trees import Sides, Tree
from gitops_action.errors import UsageError


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
        patience: Patience = PATIENT,
    ) -> None:
        """Take the repository, the pull request's number, and the name of its base branch."""
        self._target = target
        self._number = number
        self._base = base
        self._scratch = Scratch(target, patience=patience)
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
        """Tell whether head has moved since the sides were read."""
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
