"""One bare repository: objects by id or expression, trees, and refs by compare-and-swap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.forge.git.objects import (
    FILE_MODE,
    TREE_MODE,
    Commit,
    Entry,
    decode_tree,
    encode_tree,
    write_loose,
)
from testbed.forge.git.pack import write_pack
from testbed.forge.git.process import GitError, ObjectReader, git

ABSENT = "0" * 40

_UPDATE_HOOK = """#!/bin/sh
# The forge names in FORGE_REFUSED the refs that this pusher may not move, in FORGE_FORWARD those
# that only move forwards; FORGE_WORKFLOWS is the refusal of workflow files, if they are refused.
case " $FORGE_REFUSED " in
  *" $1 "*) echo "error: GH006: Protected branch update failed for $1." >&2; exit 1 ;;
esac
case "$2 $3" in *0000000000000000000000000000000000000000*) ;; *)
  case " $FORGE_FORWARD " in *" $1 "*)
    git merge-base --is-ancestor "$2" "$3" || {
      echo "error: GH006: Cannot force-push to this branch ($1)." >&2; exit 1; } ;;
  esac ;;
esac
case "$3" in 0000000000000000000000000000000000000000) exit 0 ;; esac
if [ -n "$FORGE_WORKFLOWS" ]; then
  touched=$(git rev-list "$3" --not --branches | while read -r commit; do
    git diff-tree -m --first-parent --no-commit-id --name-only -r "$commit" -- .github/workflows
  done | head -n 1)
  [ -z "$touched" ] || { printf "$FORGE_WORKFLOWS\\n" "$touched" >&2; exit 1; }
fi
"""


@dataclass(frozen=True, kw_only=True)
class RefUpdate:
    """Move `ref` from `old` (None: whatever it is) to `new` (ABSENT: delete)."""

    ref: str
    new: str
    old: str | None = None


class GitStore:
    """A bare repository on disk."""

    def __init__(self, path: Path) -> None:
        """Open the repository at this path."""
        self.path = path
        self.reader = ObjectReader(path)
        self._commits: dict[str, Commit] = {}
        self._trees: dict[str, list[Entry]] = {}

    @classmethod
    def create(cls, path: Path, default_branch: str) -> GitStore:
        """Make an empty bare repository."""
        path.mkdir(parents=True)
        git(path, "init", "-q", "--bare", f"--initial-branch={default_branch}", ".")
        for key, value in _SETTINGS.items():
            git(path, "config", key, value)
        hook = path / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_UPDATE_HOOK)
        hook.chmod(0o755)
        return cls(path)

    def run(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
        """Run a Git command in the repository."""
        return git(self.path, *arguments, stdin=stdin, env=env)

    def resolve(self, expression: str, kind: str = "commit") -> str | None:
        """Return the id of what an expression names, None when it is absent or another kind."""
        found = self.reader.info(f"{expression}^{{{kind}}}") if expression else None
        return found[0] if found else None

    def ref(self, ref: str) -> str | None:
        """Return the commit a full ref name points to."""
        return self.resolve(ref) if ref.startswith("refs/") else None

    def commit(self, oid: str) -> Commit:
        """Read a commit by its id; KeyError when it is none."""
        known = self._commits.get(oid)
        if known is None:
            found = self.reader.read(oid)
            if found is None or found[1] != "commit":
                raise KeyError(oid)
            known = self._commits[oid] = Commit.decode(found[0], found[2])
        return known

    def tree(self, oid: str) -> list[Entry]:
        """Read a tree by its id; KeyError when it is none."""
        known = self._trees.get(oid)
        if known is None:
            found = self.reader.read(oid)
            if found is None or found[1] != "tree":
                raise KeyError(oid)
            known = self._trees[oid] = decode_tree(found[2])
        return known

    def blob(self, expression: str) -> bytes | None:
        """Read a blob's content."""
        found = self.reader.read(expression)
        return found[2] if found and found[1] == "blob" else None

    def write(self, kind: str, data: bytes) -> str:
        """Write an object and return its id."""
        return write_loose(self.path / "objects", kind, data)

    def write_commit(self, commit: Commit) -> str:
        """Write a commit (its `oid` is ignored) and return its id."""
        return self.write("commit", commit.encode())

    def write_tree(self, base: str | None, changes: Mapping[str, Entry | None]) -> str:
        """Write `base` with these paths changed; None deletes. Empty folders vanish."""
        entries = {entry.name: entry for entry in (self.tree(base) if base else [])}
        below: dict[str, dict[str, Entry | None]] = {}
        for path, change in changes.items():
            first, _, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = change
            elif change is None:
                entries.pop(first, None)
            else:
                entries[first] = Entry(name=first, mode=change.mode, oid=change.oid)
        for name, inner in below.items():
            old = entries.get(name)
            oid = self.write_tree(old.oid if old and old.kind == "tree" else None, inner)
            if self.tree(oid):
                entries[name] = Entry(name=name, mode=TREE_MODE, oid=oid)
            else:
                entries.pop(name, None)
        return self.write("tree", encode_tree(list(entries.values())))

    def write_files(self, base: str | None, files: Mapping[str, bytes | None]) -> str:
        """Write `base` with these files' content changed; modes stay as they are."""
        if base is None and len(files) > _MANY:
            return write_pack(self.path, {p: data for p, data in files.items() if data is not None})
        changes: dict[str, Entry | None] = {}
        for path, data in files.items():
            old = self.entry(base, path) if base else None
            mode = old.mode if old and old.kind == "blob" else FILE_MODE
            entry = (
                None if data is None else Entry(name="", mode=mode, oid=self.write("blob", data))
            )
            changes[path] = entry
        return self.write_tree(base, changes)

    def entry(self, tree: str, path: str) -> Entry | None:
        """Find the entry at a path below a tree."""
        name, _, rest = path.partition("/")
        found = next((entry for entry in self.tree(tree) if entry.name == name), None)
        if found is None or not rest:
            return found
        return self.entry(found.oid, rest) if found.kind == "tree" else None

    def update_refs(self, updates: list[RefUpdate]) -> None:
        """Move refs, all or none.

        Raises:
            GitError: a ref was not where its update expected it.
        """
        lines = [
            f"update {update.ref}\0{update.new}\0{'' if update.old is None else update.old}\0"
            for update in updates
        ]
        self.run("update-ref", "--no-deref", "--stdin", "-z", stdin="".join(lines).encode())

    def refs(self, prefix: str) -> dict[str, str]:
        """List refs below a prefix with the object each points to."""
        found = self.run("for-each-ref", "--format=%(objectname) %(refname)", prefix).decode()
        return {line[41:]: line[:40] for line in found.splitlines()}

    def close(self) -> None:
        """End the long-lived reader."""
        self.reader.close()


_MANY = 200
"""Files from which on a new tree is written as one pack instead of loose objects."""

_SETTINGS = {
    "http.receivepack": "true",
    "http.uploadpack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.denyDeleteCurrent": "refuse",
    "receive.hideRefs": "refs/pull",
    "gc.auto": "0",
    "core.logAllRefUpdates": "false",
}

__all__ = ["ABSENT", "Commit", "Entry", "GitError", "GitStore", "RefUpdate"]
