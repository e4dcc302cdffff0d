"""The commits of a checkout, for a person at a terminal: nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from gitops_action.adapters.git.checkout import find_checkout
from gitops_action.adapters.git.merge import containing, is_ancestor
from gitops_action.adapters.git.reading import read_files
from gitops_action.adapters.git.scratch import PATIENT, Patience, Scratch
from gitops_action.core.files import RepositoryFile
from gitops_action.core.trees import Tree
from gitops_action.errors import UsageError


class CheckoutTrees:
    """Implements the port `DeployTrees` on what is checked out; uncommitted files do not count.

    Use it as a context manager. The checkout is read only, and none of its settings or hooks
    come to work.
    """

    def __init__(self, folder: Path, *, patience: Patience = PATIENT) -> None:
        """Find the checkout.

        Raises:
            UsageError: the folder is in no checkout.
        """
        self._checkout = find_checkout(folder)
        self._scratch = Scratch(None, checkout=self._checkout, patience=patience)

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
        """Tell whether `old` is `new` or lies behind it.

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
