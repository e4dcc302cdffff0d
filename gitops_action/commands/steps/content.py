"""Plan on what a commit holds: read what the plan needs, and prove what it edits."""

from __future__ import annotations

from collections.abc import Callable

from gitops_action.commands.ports import ContentStore
from gitops_action.commands.steps.base import read_content, widen
from gitops_action.core.config import Config
from gitops_action.core.files import Keep, Snapshot
from gitops_action.core.plan import FoldersNotReadError, NoMatchError, Plan, make_keep
from gitops_action.errors import GitOpsError

MakePlan = Callable[[Snapshot], Plan]


class MisfitError(GitOpsError):
    """What a commit holds does not take the plan. Reading it went well."""


def fitting(make: MakePlan) -> MakePlan:
    """The same planning, with its refusals told apart from a failure to read."""

    def plan(files: Snapshot) -> Plan:
        try:
            return make(files)
        except (FoldersNotReadError, NoMatchError):
            raise  # these ask for more files first
        except GitOpsError as error:
            raise MisfitError(str(error)) from error

    return plan


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
        for folders_of in (_missing, _everything):
            try:
                return make(self._files())
            except FoldersNotReadError as error:
                self._widen(folders_of(error), self._keep)
            except NoMatchError:
                break
        return self._last(make)

    def _last(self, make: MakePlan) -> Plan:
        """On the whole tree; where nothing matches, all images are read for the error to list."""
        try:
            if self._files().folders:
                self._widen((), self._keep)
            return make(self._files())
        except NoMatchError:
            self._widen((), make_keep((), ()))
            return make(self._files())

    def _widen(self, folders: tuple[str, ...], keep: Keep) -> None:
        self._snapshot = widen(self._store, self._files(), folders=folders, keep=keep)


def _missing(error: FoldersNotReadError) -> tuple[str, ...]:
    return error.folders


def _everything(_error: FoldersNotReadError) -> tuple[str, ...]:
    return ()
