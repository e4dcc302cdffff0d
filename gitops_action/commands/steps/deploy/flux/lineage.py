"""How revisions relate to the commit that is waited for."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.run import TargetRun
from gitops_action.core.flux.revision import Revision
from gitops_action.core.flux.verdict import Relation
from gitops_action.errors import GitOpsError

_AGAIN = 5.0
"""Seconds before it is asked again whether a commit is known, or the branch still has ours."""
_FOR_NOW = frozenset({Relation.UNKNOWN, Relation.OLDER})


class Lineage:
    """Asks the history of the environment repository, as rarely as it can."""

    def __init__(self, run: TargetRun) -> None:
        """Nothing is asked yet."""
        self._run = run
        self._known: dict[str, Relation] = {run.commit: Relation.HAS}
        self._until: dict[str, tuple[float, Relation]] = {}

    def __call__(self, revision: Revision) -> Relation:
        """The relation; unknown where history cannot tell at the moment."""
        digest = revision.digest
        if digest in self._known:
            return self._known[digest]
        until, relation = self._until.get(digest, (0.0, Relation.UNKNOWN))
        if self._run.clock.monotonic() < until:
            return relation
        try:
            relation = self._asked(digest)
        except GitOpsError:
            relation = Relation.UNKNOWN
        if relation in _FOR_NOW:
            self._until[digest] = (self._run.clock.monotonic() + _AGAIN, relation)
        else:
            self._known[digest] = relation
        return relation

    def _asked(self, digest: str) -> Relation:
        """Older is only what may still come to the commit, because the branch contains it."""
        commit, history = self._run.commit, self._run.history
        if history.is_ancestor(commit, digest):
            return Relation.HAS
        older = history.is_ancestor(digest, commit)
        if older and history.is_ancestor(commit, history.tip()):
            return Relation.OLDER
        return Relation.DIVERGED
