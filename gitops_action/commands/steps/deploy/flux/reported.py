"""The statuses of a commit and of those that contain it, asked for as rarely as it can be.

Flux reports on the commit it reconciles; where a newer one came first, ours gets no status. A job's
token has 1000 requests an hour for its repository (GitHub's documentation, "Rate limits for the
REST API"): of many newer commits a few are asked for each time, the newest always.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_action.commands.tree_ports import History
from gitops_action.core.deployments.model import CommitStatus
from gitops_action.core.flux.statuses import OnCommit, Said, Wanted, reports

_MOST = 30
"""Newer commits that are looked at."""
_AGAIN = 3
"""Newer commits that are asked for again each time, beside the newest."""


class Reported:
    """What is on the commits, as far as it was read."""

    def __init__(
        self,
        commit: str,
        *,
        wanted: Wanted,
        statuses: Callable[[str], tuple[CommitStatus, ...]],
        history: History,
    ) -> None:
        """Nothing is read yet."""
        self._commit = commit
        self._wanted = wanted
        self._statuses = statuses
        self._history = history
        self._known: dict[str, tuple[CommitStatus, ...]] = {}

    def look(self) -> tuple[OnCommit, ...]:
        """The commit first, then those that contain it, newest first.

        The newer ones are asked for only where the commit has not succeeded itself.

        Raises:
            GitOpsError: GitHub or the repository cannot be asked.
        """
        self._read(self._commit)
        own = (self._commit, self._known[self._commit])
        if all(one.said is Said.SUCCESS for one in reports([own], self._wanted)):
            return (own,)
        newer = self._history.containing(self._commit, most=_MOST)
        for commit in self._due(newer):
            self._read(commit)
        return (own, *((commit, self._known[commit]) for commit in newer))

    def _due(self, newer: Sequence[str]) -> tuple[str, ...]:
        """The newest, those never asked for, and a few that were not for the longest time."""
        fresh = [commit for commit in newer if commit not in self._known]
        stale = [commit for commit in self._known if commit in newer[1:]]
        return tuple(dict.fromkeys((*newer[:1], *fresh, *stale[:_AGAIN])))

    def _read(self, commit: str) -> None:
        """Read it, and put it last among those that are known."""
        found = self._statuses(commit)
        self._known.pop(commit, None)
        self._known[commit] = found
