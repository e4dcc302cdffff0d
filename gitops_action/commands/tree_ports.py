"""What validating and deploying need from the outside world, as protocols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.rendering.model import Rendering
from gitops_action.core.trees import Sides, Tree
from gitops_action.errors import GitOpsError


class Files(Protocol):
    """Content of the files of a commit."""

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files of the tree; paths it does not have are left out."""
        ...


class History(Protocol):
    """Which commits of a repository contain which, and what its base branch is."""

    def branch(self) -> str:
        """The base branch; empty where it is not known.

        Raises:
            GitOpsError: the server cannot be reached.
        """
        ...

    def tip(self) -> str:
        """The commit at the base branch's tip as it is now.

        Raises:
            GitOpsError: there is no such branch, or the server cannot be reached.
        """
        ...

    def containing(self, commit: str, *, most: int) -> tuple[str, ...]:
        """Newer commits of the base branch that contain this one, newest first.

        Args:
            commit: is not among them.
            most: how many at most.

        Raises:
            GitOpsError: the commit is not known, or the server cannot be reached.
        """
        ...

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `new` contains `old`; a commit contains itself.

        Raises:
            GitOpsError: one of them is not known, or the server cannot be reached.
        """
        ...


class DeployTrees(Files, History, Protocol):
    """The environment repository's commits, one by one."""

    def at(self, commit: str | None = None) -> Tree:
        """Every file of a commit; None: of the tip.

        Raises:
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        ...


class Trees(Files, Protocol):
    """The environment repository's commits: their files by name, their content on demand."""

    def sides(self) -> Sides:
        """The base's tip, and the proposed change merged into it.

        Raises:
            ConflictError: head cannot be merged into the base's tip.
        """
        ...


class Renderer(Protocol):
    """Renders a folder of a repository the way it would be deployed."""

    def render(self, folder: str, files: Mapping[str, RepositoryFile]) -> Rendering:
        """Render `folder`, given every file that it stands on (paths from the repository's top).

        What cannot be rendered is a problem in the result, never an exception.
        """
        ...


class Schemas(Protocol):
    """Checks objects against the schemas of their kinds, without a cluster."""

    def check(self, manifests: Sequence[Manifest]) -> tuple[GitOpsError, ...]:
        """What is wrong with them, in their order; each with the object and its file."""
        ...

    def unknown(self, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """Those whose kind no schema is known for."""
        ...
