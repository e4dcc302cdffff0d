"""Plan on what a commit holds: read what the plan needs, and prove what it edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gitops_action.commands.ports import ContentReader, ContentStore
from gitops_action.core.config import (
    APPLICATIONS_FOLDER,
    Config,
    Hold,
    load_config,
    read_holds,
)
from gitops_action.core.config.holds import Holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.plan import (
    FilesNotReadError,
    FoldersNotReadError,
    NoMatchError,
    Plan,
    make_keep,
)
from gitops_action.core.repository import Keep, Snapshot, Tip
from gitops_action.errors import GitOpsError

# Read the base branch once: its tip, configuration, holds, and the files worth planning on.


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base branch at one commit. Everything that is decided names this commit."""

    tip: Tip
    config: Config
    holds: tuple[Hold, ...]


def read_base(store: ContentStore, *, branch: str | None, config: str) -> Base:
    """Read what steers us from the base branch's tip, never from a pull request's head."""
    tip = store.tip(base=branch, config=config)
    loaded, holds = settings_of(tip, config)
    return Base(tip=tip, config=loaded, holds=holds.readable())


def settings_of(tip: Tip, path: str) -> tuple[Config, Holds]:
    """The configuration at `path` and the holds, those that cannot be read included."""
    found = tip.settings.get(path)
    config = load_config(path, found.data if found else None)
    return config, read_holds({name: file.data for name, file in tip.settings.items()}, config)


def read_content(
    store: ContentReader, *, commit: str, config: Config, applications: Sequence[str], keep: Keep
) -> Snapshot:
    """Read the files of all environments at a commit.

    Only the folders that configuration and application names lead to are read; where they lead to
    none, the whole tree is. All environments are read, because a file that two of them share
    must be recognised.
    """
    folders = environment_folders(config, applications)
    snapshot = store.read(commit=commit, folders=folders, keep=keep)
    return replace(snapshot, filtered=True)


def widen(
    store: ContentReader, snapshot: Snapshot, *, folders: tuple[str, ...], keep: Keep
) -> Snapshot:
    """Read the folders that were found to be missing as well; the whole tree when none is named."""
    more = store.read(commit=snapshot.commit, folders=folders, keep=keep)
    if not more.folders:
        return replace(more, filtered=True)
    return replace(
        snapshot,
        files={**snapshot.files, **more.files},
        folders=(*snapshot.folders, *more.folders),
        notes=(*snapshot.notes, *more.notes),
    )


def environment_folders(config: Config, applications: Sequence[str]) -> tuple[str, ...]:
    """The environments' folders, without nested ones; none when one of them is the whole tree."""
    if not config.declared:
        return tuple(f"{APPLICATIONS_FOLDER}/{name}" for name in applications)
    folders = {
        folder
        for environment in config.environments
        for folder in environment.folders(applications)
    }
    if "" in folders:
        return ()
    ordered = sorted(folders)
    return tuple(f for f in ordered if not any(f.startswith(f"{other}/") for other in ordered))


MakePlan = Callable[[Snapshot], Plan]


class MisfitError(GitOpsError):
    """What a commit holds does not take the plan. Reading it went well."""


def fitting(make: MakePlan) -> MakePlan:
    """The same planning, with its refusals kept apart from a failure to read."""

    def plan(files: Snapshot) -> Plan:
        try:
            return make(files)
        except (FilesNotReadError, FoldersNotReadError, NoMatchError):
            raise  # these ask for more files first
        except GitOpsError as error:
            raise MisfitError(str(error)) from error

    return plan


class CommitContent:
    """The files of one commit, read on demand and kept for the next environment.

    Reading is a plan's to widen: it may lead into bases outside of the environments' folders.
    """

    def __init__(
        self,
        store: ContentReader,
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

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not looked at while the files were read."""
        return tuple(dict.fromkeys(self._snapshot.notes)) if self._snapshot else ()

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
                return self._made(make)
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
            return self._made(make)
        except NoMatchError:
            self._widen((), make_keep((), ()))
            return self._made(make)

    def _made(self, make: MakePlan) -> Plan:
        """Plan; files that others name and the prefilter passed over are fetched until none is."""
        while True:
            try:
                return make(self._files())
            except FilesNotReadError as error:
                snapshot = self._store.confirm(snapshot=self._files(), paths=error.paths)
                asked = snapshot.asked.union(error.paths)
                self._snapshot = replace(snapshot, asked=asked)

    def _widen(self, folders: tuple[str, ...], keep: Keep) -> None:
        self._snapshot = widen(self._store, self._files(), folders=folders, keep=keep)


def _missing(error: FoldersNotReadError) -> tuple[str, ...]:
    return error.folders


def _everything(_error: FoldersNotReadError) -> tuple[str, ...]:
    return ()
