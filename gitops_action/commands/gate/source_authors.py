"""Who wrote the application's commits that a change of images brings: `not-by: [source-authors]`.

A safeguard, not a proof: GitHub finds the account by the address in the commit, which anybody can
make up.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.commands.bump.request import described_source
from gitops_action.commands.gate.ports import SourceCommits
from gitops_action.commands.ports import Registry
from gitops_action.core.gates.approvals import People
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.outcome import Job


class SourceAuthors:
    """Reads the authors of the commits between the images on both sides of a change."""

    def __init__(self, registry: Registry | None, commits: SourceCommits | None, job: Job) -> None:
        """Without a registry, or without access to commits, they are unknown."""
        self._registry = registry
        self._commits = commits
        self._job = job

    def of(self, moves: Iterable[ImageMove]) -> People:
        """The logins; with the reason where some are not known."""
        logins: set[str] = set()
        unread = ""
        for move in moves:
            if move.after is None or move.after == move.before:
                continue
            found = self._authors(move)
            logins |= found.logins
            unread = unread or found.unread
        return People(logins=frozenset(logins), unread=unread)

    def _authors(self, move: ImageMove) -> People:
        if self._registry is None or self._commits is None:
            return People(unread=f"who wrote {move} is not known: there is no `source-token`")
        old, new = (
            described_source(self._registry, image, self._job) if image else None
            for image in (move.before, move.after)
        )
        if old is None or new is None or old.repository != new.repository:
            return People(
                unread=f"which commits {move} brings is not known from its images' labels"
            )
        if old.commit == new.commit:
            return People()
        authors = self._commits.authors(repository=new.repository, base=old.commit, head=new.commit)
        if authors is None:
            return People(unread=f"the commits of {new.repository} are not readable")
        return People(logins=authors)
