"""Undo a whole change of files, where no edit puts the images back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from gitops_action.core import repository
from gitops_action.core.dataclass import dataclass

Files = Mapping[str, repository.RepositoryFile]
MergeLines = Callable[[bytes, bytes, bytes], bytes | None]
"""Merges the lines of two files that come from one: base, ours, theirs; None for a conflict."""


@dataclass(frozen=True, kw_only=True)
class RevertedFiles:
    """What takes files back to an earlier commit, and keeps what was changed since the undone one.

    Attributes:
        changes: path to new bytes.
        deletions: files that the undone change added.
        returned: files that are back already.
        conflicts: files that cannot go back, each with the reason.
    """

    changes: Mapping[str, bytes]
    deletions: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes or deletes."""
        return tuple(sorted({*self.changes, *self.deletions}))


@dataclass(frozen=True, kw_only=True)
class RevertedChange:
    """The change that is undone: the files of `undone` against those of `good`.

    Attributes:
        good: at the commit that is gone back to.
        undone: at the commit whose change is undone.
        tip: at the base's tip, where it is undone.
    """

    good: Files
    undone: Files
    tip: Files

    def paths(self, within: Iterable[str]) -> tuple[str, ...]:
        """Those of these files that the change touched."""
        return tuple(
            path
            for path in sorted(within)
            if not (path.startswith(repository.GITHUB_FOLDER) or path in repository.CODEOWNERS)
            and not _same(self.good.get(path), self.undone.get(path))
        )

    def reverted(self, paths: Iterable[str], merge_lines: MergeLines) -> RevertedFiles:
        """Undo it in these files, as `git revert` does."""
        changes: dict[str, bytes] = {}
        deletions, returned, conflicts = list[str](), list[str](), list[str]()
        for path in paths:
            good, now = self.good.get(path), self.tip.get(path)
            if _same(good, now):
                returned.append(path)
            elif reason := self._unwritable(path):
                conflicts.append(f"{path} {reason}")
            elif not _same(self.undone.get(path), now):
                merged = self._merged(path, merge_lines)
                changes |= {} if merged is None else {path: merged}
                conflicts += [f"{path} was changed since"] if merged is None else []
            elif good is None:
                deletions.append(path)
            else:
                changes[path] = good.data
        return RevertedFiles(
            changes=changes,
            deletions=tuple(deletions),
            returned=tuple(returned),
            conflicts=tuple(conflicts),
        )

    def _unwritable(self, path: str) -> str:
        """Why a file's old content cannot be written: a change of bytes is all that we commit."""
        good, now = self.good.get(path), self.tip.get(path)
        if good is None:
            return ""
        if repository.SYMLINK in {good.mode, now.mode if now else ""}:
            return "is or was a symbolic link"
        return (
            "" if good.mode == (now.mode if now else repository.REGULAR) else "has another mode now"
        )

    def _merged(self, path: str, merge_lines: MergeLines) -> bytes | None:
        sides = [side.get(path) for side in (self.undone, self.tip, self.good)]
        present = [file.data for file in sides if file is not None]
        return merge_lines(*present) if len(present) == len(sides) else None


def _same(one: repository.RepositoryFile | None, other: repository.RepositoryFile | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.mode, one.data) == (other.mode, other.data)
