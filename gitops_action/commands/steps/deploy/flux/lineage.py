"""How revisions relate to the commit that is waited for."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.flux.revision import Revision
from gitops_action.core.flux.verdict import Relation
from gitops_action.errors import GitOpsError

_AGAIN = 10.0
"""Seconds before a commit that nobody knew is looked for again: it may have just been pushed."""


class Lineage:
    """Asks the history of the environment repository, each revision once."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._known: dict[str, Relation] = {run.commit: Relation.HAS}
        self._unknown: dict[str, float] = {}

    def __call__(self, revision: Revision) -> Relation:
        """The relation; unknown where history cannot tell at the moment."""
        digest = revision.digest
        if digest in self._known:
            return self._known[digest]
        if self._run.clock.monotonic() < self._unknown.get(digest, 0.0):
            return Relation.UNKNOWN
        try:
            self._known[digest] = self._asked(digest)
        except GitOpsError:
            self._unknown[digest] = self._run.clock.monotonic() + _AGAIN
            return Relation.UNKNOWN
        return self._known[digest]

    def _asked(self, digest: str) -> Relation:
        commit, history = self._run.commit, self._run.history
        if history.is_ancestor(commit, digest):
            return Relation.HAS
        return Relation.OLDER if history.is_ancestor(digest, commit) else Relation.DIVERGED
