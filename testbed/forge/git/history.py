"""Questions to a repository's history. Answers about commit ids never change, so they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from testbed.forge.git.objects import Signature
from testbed.forge.git.store import Commit, GitError, GitStore


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two commits compared; `ahead` is what head has and base has not, oldest first."""

    merge_base: str | None
    ahead: tuple[str, ...]
    behind: int

    @property
    def status(self) -> str:
        """Say it in GitHub's word."""
        if self.ahead and self.behind:
            return "diverged"
        return "ahead" if self.ahead else "behind" if self.behind else "identical"


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One file that differs between two trees."""

    path: str
    status: str
    oid: str
    additions: int
    deletions: int
    previous: str | None = None


@dataclass
class History:
    """A repository's history."""

    store: GitStore
    _compared: dict[tuple[str, str], Comparison] = field(default_factory=dict)
    _changed: dict[tuple[str, str], tuple[FileChange, ...]] = field(default_factory=dict)

    def compare(self, base: str, head: str) -> Comparison:
        """Compare two commits as `git log base...head` does."""
        known = self._compared.get((base, head))
        if known is None:
            sides = self._lines(
                "rev-list", "--left-right", "--topo-order", "--reverse", f"{base}...{head}"
            )
            known = Comparison(
                merge_base=self.merge_base(base, head),
                ahead=tuple(line[1:] for line in sides if line.startswith(">")),
                behind=sum(line.startswith("<") for line in sides),
            )
            self._compared[base, head] = known
        return known

    def merge_base(self, base: str, head: str) -> str | None:
        """Return the best common ancestor."""
        try:
            return self._lines("merge-base", base, head)[0]
        except GitError:
            return None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Return whether `old` is `new` or lies behind it."""
        return old == new or self.merge_base(old, new) == old

    def new_commits(self, old: str | None, new: str) -> frozenset[str]:
        """Return what a move from `old` to `new` brings into a branch."""
        return frozenset(self._lines("rev-list", new, *([f"^{old}"] if old else [])))

    def log(self, start: str, path: str = "", limit: int = 1000) -> list[Commit]:
        """List commits from `start` backwards, newest first."""
        scope = ["--", path] if path else []
        found = self._lines("rev-list", f"--max-count={limit}", start, *scope)
        return [self.store.commit(oid) for oid in found]

    def changes(self, old: str, new: str) -> tuple[FileChange, ...]:
        """List the files that differ between two trees or commits, renames found."""
        known = self._changed.get((old, new))
        if known is None:
            known = self._changed[old, new] = tuple(self._diff(old, new))
        return known

    def _diff(self, old: str, new: str) -> Iterable[FileChange]:
        counts: dict[str, tuple[int, int]] = {}
        raw = self.store.run("diff-tree", "-r", "-z", "-M", "--numstat", old, new)
        fields = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
        for entry in fields:
            if not entry:
                continue
            added, removed, path = entry.split("\t", 2)
            if not path:
                next(fields)
                path = next(fields)
            counts[path] = (
                0 if added == "-" else int(added),
                0 if removed == "-" else int(removed),
            )
        raw = self.store.run("diff-tree", "-r", "-z", "-M", "--raw", "--no-abbrev", old, new)
        fields = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
        for entry in fields:
            if not entry:
                continue
            _, _, before, after, letter = entry.split(" ")
            path = next(fields)
            target = next(fields) if letter[0] in "RC" else path
            added_lines, removed_lines = counts.get(target, (0, 0))
            yield FileChange(
                path=target,
                status=_STATUS[letter[0]],
                oid=before if letter[0] == "D" else after,
                additions=added_lines,
                deletions=removed_lines,
                previous=path if target != path else None,
            )

    def merge_trees(self, ours: str, theirs: str) -> str | None:
        """Merge two commits; the tree, or None when they conflict."""
        try:
            return self._lines("merge-tree", "--write-tree", "--no-messages", ours, theirs)[0]
        except GitError:
            return None

    def replay(self, commits: Iterable[str], onto: str, committer: Signature) -> str | None:
        """Put commits on top of another, keeping authors; None when one conflicts.

        Git 2.39 has no `merge-tree --merge-base`: a commit with the new parent's tree and the
        old parent as its parent makes that old parent the merge base.
        """
        tip = onto
        for oid in commits:
            commit = self.store.commit(oid)
            stand_in = replace(commit, tree=self.store.commit(tip).tree, parents=commit.parents[:1])
            tree = self.merge_trees(self.store.write_commit(stand_in), oid)
            if tree is None:
                return None
            moved = replace(commit, tree=tree, parents=(tip,), committer=committer, signed=False)
            tip = self.store.write_commit(moved)
        return tip

    def _lines(self, *arguments: str) -> list[str]:
        return self.store.run(*arguments).decode("utf-8", "surrogateescape").splitlines()


def sign_off(name: str, email: str, when: datetime) -> Signature:
    """Return a signature whose time has whole seconds, as Git keeps it."""
    return Signature(name=name, email=email, when=when.replace(microsecond=0))


_STATUS = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}
