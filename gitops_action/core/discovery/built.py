"""What a folder or file comes to when its layers are applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitops_action.core.discovery.live import Live
from gitops_action.core.discovery.releases import Release


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a folder or file comes to.

    Attributes:
        lives: its images.
        files: every file of the repository it stands on, read or not.
        releases: its HelmReleases, for the patches above.
        whole: whether all of it was read: no remote base, generator or file that was left out.
    """

    lives: tuple[Live, ...] = ()
    files: frozenset[str] = frozenset()
    whole: bool = True
    releases: tuple[Release, ...] = ()


def joined(parts: Iterable[Built]) -> Built:
    """Several results as one."""
    listed = tuple(parts)
    return Built(
        lives=tuple(live for part in listed for live in part.lives),
        files=frozenset(path for part in listed for path in part.files),
        whole=all(part.whole for part in listed),
        releases=tuple(release for part in listed for release in part.releases),
    )
