"""What can be wrong with an environment's files, seen from discovery."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.errors import GitOpsError, Location


class KustomizeCycleError(GitOpsError):
    """Kustomizations that build on each other in a circle."""

    def __init__(self, folders: Sequence[str], location: Location) -> None:
        """Show the circle, first folder again at its end."""
        self.folders = tuple(folders)
        super().__init__(
            "Kustomizations build on each other in a circle",
            cause=" → ".join(folder or "." for folder in folders),
            fix="take one of the references out; kustomize cannot build this either",
            location=location,
        )


class OutsideRepositoryError(GitOpsError):
    """A reference or a symbolic link that leads out of the repository."""

    def __init__(self, path: str, location: Location) -> None:
        """Name what leads out, and where it is written."""
        self.path = path
        super().__init__(
            f"{path} leads out of the repository",
            cause="nothing outside the repository is read or written",
            fix="keep the file in the repository, or refer to it by URL",
            location=location,
        )


class FoldersNotReadError(GitOpsError):
    """The environment builds on folders that were not read; reading them too mends it.

    Attributes:
        folders: what is missing, relative to the repository.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        """Name the folders."""
        self.folders = tuple(sorted(folders))
        super().__init__(
            "The environment builds on folders that were not read",
            cause=", ".join(folder or "." for folder in self.folders),
            fix="read these folders too",
        )


class OvergrownDocumentError(GitOpsError):
    """A document whose aliases expand beyond any real manifest."""

    def __init__(self, location: Location) -> None:
        """Name the file."""
        super().__init__(
            "The aliases of this document expand to too many values",
            cause="real manifests are smaller by far",
            fix="write the document with fewer nested aliases",
            location=location,
        )
