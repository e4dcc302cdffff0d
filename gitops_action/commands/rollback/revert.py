"""The files of an environment as they were at an earlier commit, where no edit is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from gitops_action.commands.ports import ContentReader
from gitops_action.commands.render import closures_of, scope_of
from gitops_action.commands.rollback.content import Contents
from gitops_action.core import repository as model
from gitops_action.core.config import Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.rendering import Closures
from gitops_action.core.rollback.candidates import DescribedImages
from gitops_action.core.rollback.revert import MergeLines, RevertedChange, RevertedFiles


@dataclass(frozen=True, kw_only=True)
class EnvironmentFiles:
    """What takes an environment's files back.

    Attributes:
        reverted: the files.
        before: the images that the base describes.
        after: those that it describes with these files; None where that cannot be read.
        shared_with: other environments that depend on them.
        notes: files that were not looked at.
    """

    reverted: RevertedFiles
    before: DescribedImages
    after: DescribedImages | None
    shared_with: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EnvironmentRevert:
    """What an environment's files are put back by.

    Attributes:
        store: where commits are read.
        merge_lines: merges a file that was changed since.
        config: the base's.
        repository: OWNER/NAME, which says what controllers build from this repository.
        tip: the base's.
    """

    store: ContentReader
    merge_lines: MergeLines
    config: Config
    repository: str
    tip: model.Tip

    def files(self, environment: Environment, *, good: str, undone: str) -> EnvironmentFiles:
        """Undo what `undone` has over `good` in all files that the environment depends on.

        Raises:
            GitOpsError: a commit cannot be read.
        """
        sides = {commit: self._read(commit) for commit in (good, undone, self.tip.commit)}
        within = {path for side in sides.values() for path in side.depends(environment)}
        within -= self.tip.settings.keys()
        touched = _change(sides, good, undone, self.tip.commit).paths(within)
        exact = {commit: self._exact(side, touched) for commit, side in sides.items()}
        change = _change(exact, good, undone, self.tip.commit)
        found = change.reverted(touched, self.merge_lines)
        tip = sides[self.tip.commit]
        return EnvironmentFiles(
            reverted=found,
            before=self._images(environment, tip.snapshot) or {},
            after=self._images(environment, _with(tip.snapshot, found)),
            shared_with=self._shared_with(environment, tip, found.paths),
            notes=tuple(dict.fromkeys(n for one in sides.values() for n in one.snapshot.notes)),
        )

    def _shared_with(
        self, environment: Environment, tip: _Side, paths: Iterable[str]
    ) -> tuple[str, ...]:
        others = (one for one in self.config.environments if one.name != environment.name)
        return tuple(one.name for one in others if not tip.depends(one).isdisjoint(paths))

    def _images(self, environment: Environment, snapshot: model.Snapshot) -> DescribedImages | None:
        """What an environment describes by these files, which no commit has to have."""
        contents = Contents(
            _OneSnapshot(snapshot), self.config, tip=self.tip, repository=self.repository
        )
        return contents.read(environment, self.tip.commit)

    def _read(self, commit: str) -> _Side:
        """All of a commit: a folder that is left out could be the one that was renamed."""
        snapshot = self.store.read(commit=commit, folders=(), keep=lambda _path, _data: True)
        return _Side(
            snapshot=snapshot,
            config=self.config,
            repository=self.repository,
            branch=self.tip.branch,
        )

    def _exact(self, side: _Side, paths: Iterable[str]) -> _Side:
        """Byte for byte as Git has them: an archive may have rewritten a file."""
        files = side.snapshot.files
        present = [path for path in paths if path in files]
        snapshot = self.store.confirm(snapshot=side.snapshot, paths=present)
        return replace(side, snapshot=snapshot)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A commit's files, and which of them an environment depends on."""

    snapshot: model.Snapshot
    config: Config
    repository: str
    branch: str

    def depends(self, environment: Environment) -> frozenset[str]:
        return scope_of(environment, self.config, self._tree, self._closures).files

    @cached_property
    def _tree(self) -> model.Tree:
        files = {path: _entry(file) for path, file in self.snapshot.files.items()}
        return model.Tree(commit=self.snapshot.commit, files=files)

    @cached_property
    def _closures(self) -> Closures:
        content = _SnapshotFiles(self.snapshot)
        return closures_of(self._tree, content, repository=self.repository, branch=self.branch)


def _change(sides: Mapping[str, _Side], good: str, undone: str, tip: str) -> RevertedChange:
    files = [sides[commit].snapshot.files for commit in (good, undone, tip)]
    return RevertedChange(good=files[0], undone=files[1], tip=files[2])


def _with(snapshot: model.Snapshot, reverted: RevertedFiles) -> model.Snapshot:
    """The files after the revert; modes do not matter to what they describe."""
    kept = {path: file for path, file in snapshot.files.items() if path not in reverted.deletions}
    changed = {
        path: model.RepositoryFile(path=path, data=data) for path, data in reverted.changes.items()
    }
    return replace(snapshot, files={**kept, **changed})


def _entry(file: model.RepositoryFile) -> model.TreeFile:
    return model.TreeFile(mode=file.mode, blob=file.blob or model.blob_id(file.data))


class _SnapshotFiles:
    """The port `Files` on what was read of one commit."""

    def __init__(self, snapshot: model.Snapshot) -> None:
        self._snapshot = snapshot

    def read(self, tree: model.Tree, paths: Iterable[str]) -> Mapping[str, model.RepositoryFile]:
        """The content of these files."""
        del tree
        files = self._snapshot.files
        return {path: files[path] for path in paths if path in files}


class _OneSnapshot:
    """A `ContentReader` that has nothing but these files."""

    def __init__(self, snapshot: model.Snapshot) -> None:
        self._snapshot = snapshot

    def read(self, *, commit: str, folders: tuple[str, ...], keep: model.Keep) -> model.Snapshot:
        """The whole tree, whatever is asked for."""
        del commit, folders
        files = self._snapshot.files
        kept = {path: file for path, file in files.items() if keep(path, file.data)}
        return replace(self._snapshot, files=kept)

    def confirm(self, *, snapshot: model.Snapshot, paths: Sequence[str]) -> model.Snapshot:
        """They are exact, as far as it matters."""
        del paths
        return snapshot
