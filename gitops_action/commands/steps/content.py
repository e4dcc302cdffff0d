"""Plan on what a commit holds: read what the plan needs, and prove what it edits."""

from __future__ import annotations

from collections.abc import Callable

from gitops_action.commands.ports import ContentStore
from gitops_action.commands.steps.base import read_content, widen
from gitops_action.core.config import Config
from gitops_action.core.files import Keep, Snapshot
from gitops_action.core.plan import FoldersNotReadError, NoMatchError, Plan

MakePlan = Callable[[Snapshot], Plan]


class Content:
    """The files of one commit, read on demand and kept for the next environment.

    Reading is a plan's to widen: it may lead into bases outside of the environments' folders.
    """

    def __init__(
        self,
        store: ContentStore,
        *,
        commit: str,
        config: Config,
        applications: tuple[str, ...],
        keep: Keep,
    ) -> None:
        """Nothing is read yet. `applications` are those known to be meant, none means any."""
        self._store = store
        self._applications = applications
        self._commit = commit
        self._config = config
        self._keep = keep
        self._snapshot: Snapshot | None = None

    def plan(self, make: MakePlan) -> Plan:
        """Plan, widening what was read, until every edited file is byte for byte Git's."""
        plan = self._widened(make)
        before = self._files()
        self._snapshot = self._store.confirm(snapshot=before, paths=tuple(plan.edits))
        confirmed = self._snapshot.files
        if all(confirmed[path].data == before.files[path].data for path in plan.edits):
            return plan
        return self.plan(make)

    def _files(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = read_content(
                self._store,
                commit=self._commit,
                config=self._config,
                applications=self._applications,
                keep=self._keep,
            )
        return self._snapshot

    def _widened(self, make: MakePlan) -> Plan:
        """Plan on what was read, then with the bases it leads to, then on the whole tree."""
        try:
            return make(self._files())
        except FoldersNotReadError as missing:
            self._widen(missing.folders)
        except NoMatchError:
            if not self._files().folders:
                raise
            self._widen(())
        try:
            return make(self._files())
        except FoldersNotReadError:
            self._widen(())
        return make(self._files())

    def _widen(self, folders: tuple[str, ...]) -> None:
        self._snapshot = widen(self._store, self._files(), folders=folders, keep=self._keep)
