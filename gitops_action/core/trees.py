"""The files of a commit by name and id, read only when they are looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.errors import ConflictError

_SHOWN = 10


class MergeConflictError(ConflictError):
    """Head cannot be merged into the base's tip: both changed the same lines of these files."""

    def __init__(self, files: tuple[str, ...], *, base: str, head: str) -> None:
        """Name the files, the base and the commit that is proposed."""
        self.files = files
        named = ", ".join(f"`{file}`" for file in files[:_SHOWN])
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        super().__init__(
            f"{head} cannot be merged into {base}",
            cause=f"both changed {named}{more}",
            fix=f"merge {base} into the branch (or rebase it), and mend the conflicts",
        )


@dataclass(frozen=True, kw_only=True)
class TreeFile:
    """A file of a tree: its Git mode and the id of its content."""

    mode: str
    blob: str


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Every file of one commit, by path with forward slashes.

    `commit` names it; it is empty for files that no commit holds (a working tree).
    """

    commit: str
    files: Mapping[str, TreeFile]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What a change is measured by: the base's tip, and head merged into that very tip.

    Attributes:
        base: the base branch's tip.
        merged: what the base would be after the merge.
        branch: the base branch's name, where it is known.
        head: the commit that is proposed.
        notes: how the two were found, where a person should know.
    """

    base: Tree
    merged: Tree
    branch: str = ""
    head: str = ""
    notes: tuple[str, ...] = ()

    def changed(self) -> tuple[str, ...]:
        """The paths that are added, changed or removed, sorted."""
        before, after = self.base.files, self.merged.files
        every = {*before, *after}
        return tuple(sorted(path for path in every if before.get(path) != after.get(path)))
