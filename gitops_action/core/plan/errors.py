"""Why an environment cannot be planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitops_action.errors import GitOpsError, Location, UsageError


class NoMatchError(UsageError):
    """Nothing in the environment uses a wanted image.

    Attributes:
        repositories: the wanted ones that are not there, normalised.
        images: how often each image that is there is used, nearest first.
    """

    def __init__(
        self, repositories: Sequence[str], environment: str, images: Mapping[str, int], hint: str
    ) -> None:
        """List the images that are there."""
        self.repositories = tuple(repositories)
        self.images = dict(images)
        there = ", ".join(f"{name} ({_times(count)})" for name, count in images.items())
        super().__init__(
            f"Nothing in environment {environment} uses {' or '.join(self.repositories)}",
            cause=f"images that are there, nearest first: {there}"
            if there
            else "no image was found there",
            fix=hint or "check the name, or mark the value with `# gitops-image: REPOSITORY`",
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


class AmbiguousEnvironmentError(UsageError):
    """Several sibling overlays set the image, and nothing says which is meant.

    Attributes:
        places: file and line in each overlay.
    """

    def __init__(self, repository: str, overlays: Mapping[str, Sequence[Location]]) -> None:
        """List the overlays with their places."""
        self.repository = repository
        self.places = tuple(place for places in overlays.values() for place in places)
        listed = "; ".join(
            f"{overlay} ({', '.join(str(place) for place in places)})"
            for overlay, places in overlays.items()
        )
        super().__init__(
            f"{repository} is set under {len(overlays)} overlays, and any could be meant",
            cause=listed,
            fix="name the environments in .github/gitops.yaml, or choose for this time with "
            f"`paths: {self.places[0].file}` or with `set`",
        )


class SharedFileError(GitOpsError):
    """An edit would change something else that stands on the same file.

    Attributes:
        sharers: the environments (or applications) that stand on it, the planned one first.
    """

    def __init__(self, repository: str, sharers: Sequence[str], location: Location) -> None:
        """Name both, and the place."""
        self.sharers = tuple(sharers)
        super().__init__(
            f"{repository} is set in a file that {' and '.join(self.sharers)} share",
            cause="editing it would change all of them",
            fix="add an overlay entry (a kustomization of its own with `images`) or use `set`",
            location=location,
        )


class CannotWriteError(GitOpsError):
    """The place cannot say what is wanted without a key being created or a digest going stale."""
