"""Heads of many pull requests merged into one base, in one scratch repository.

Fulfils the port `GateTrees`. Everything that the heads and the base need is fetched in two requests
to the server, however many there are, and content that is read is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from gitops_action.adapters.git.command import GitTarget
from gitops_action.adapters.git.objects import present_sizes, read_files
from gitops_action.adapters.git.remote import RETRIES
from gitops_action.adapters.git.scratch import (
    NO_BLOBS,
    NO_TREES,
    ScratchRepository,
    merge,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.repository import RepositoryFile, Sides, Tree
from gitops_action.errors import GitOpsError, UsageError

_BASE = "refs/gitops/base"
"""Where the base's tip is kept: one request reads it and brings the commits behind it."""
_MOST_MESSAGES = 100
_KEPT_FILE = 256 * 1024
_KEPT = 128 * 1024 * 1024
"""Bytes of content that is kept: most pull requests stand on the same files."""


class OpenTrees:
    """Commits of a repository, and merges of them; use it as a context manager."""

    def __init__(self, target: GitTarget, *, branch: str, policy: RetryPolicy = RETRIES) -> None:
        """Take the repository and the base branch."""
        self._target = target
        self._branch = branch
        self._scratch = ScratchRepository(target, policy=policy)
        self._behind: set[str] = set()
        self._mergeable: set[tuple[str, str]] = set()
        self._trees: dict[str, Tree] = {}
        self._content: dict[str, bytes] = {}
        self._size = 0

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Remove the folder."""
        self._scratch.close()

    def tip(self) -> str:
        """The commit at the base's tip as it is now.

        Raises:
            UsageError: there is no such branch.
            GitOpsError: the server cannot be reached.
        """
        try:
            self._scratch.fetch(
                [f"+refs/heads/{self._branch}:{_BASE}"], limit=NO_TREES, history=True
            )
        except GitOpsError:
            if self._scratch.remote.head(self._branch) is None:
                raise UsageError(
                    f"{self._target.repository} has no branch `{self._branch}`",
                    fix="correct `base`",
                ) from None
            raise
        listed = self._scratch.git.check(
            ["for-each-ref", "--format=%(objectname)"], operands=[_BASE]
        )
        found = listed.decode().strip()
        self._behind.add(found)
        return found

    def fetch(self, base: str, heads: Iterable[str] = ()) -> None:
        """Have what merging each of the heads into the base takes at hand.

        Raises:
            GitOpsError: a commit cannot be fetched, or the server cannot be reached.
        """
        asked = list(dict.fromkeys([base, *heads]))
        self._know(asked)
        pairs = [(base, head) for head in asked if (base, head) not in self._mergeable]
        commits = {commit for pair in pairs for commit in (*pair, *self._merge_bases(*pair))}
        if commits:
            self._list(commits)
        self._mergeable.update(pairs)

    def _know(self, commits: Sequence[str]) -> None:
        """Fetch those that are not here; with a commit comes everything behind it."""
        new = [commit for commit in commits if commit not in self._behind]
        present = self._scratch.objects.sizes(new) if new else {}
        if missing := [commit for commit in new if commit not in present]:
            self._scratch.fetch(missing, limit=NO_TREES, history=True)
        self._behind.update(new)

    def _list(self, commits: Iterable[str]) -> None:
        """Have the folders of commits that are here."""
        listed = self._scratch.git.check(["log", "--no-walk", "--format=%T"], operands=[*commits])
        trees = dict.fromkeys(listed.decode().split())
        present = self._scratch.objects.sizes(list(trees))
        if missing := [tree for tree in trees if tree not in present]:
            self._scratch.fetch(missing, limit=NO_BLOBS, history=True)

    def prefetch(self, commits: Sequence[str], paths: Iterable[str]) -> None:
        """Have these files of these commits at hand in few requests.

        What cannot be fetched is left to its first reader.
        """
        new = [commit for commit in dict.fromkeys(commits) if commit not in self._trees]
        if not new:
            return
        try:
            self._know(new)
            self._list(new)
            trees = [self.at(commit) for commit in new]
            wanted = tuple(paths)
            blobs = {
                file.blob
                for tree in trees
                for path in wanted
                if (file := tree.files.get(path)) and file.blob not in self._content
            }
            present_sizes(self._scratch, sorted(blobs))
        except GitOpsError:
            return

    def _merge_bases(self, base: str, head: str) -> tuple[str, ...]:
        if base == head:
            return ()
        bases = self._scratch.git.run(["merge-base", "--all"], operands=[base, head])
        return tuple(bases.stdout.decode().split())

    def at(self, commit: str) -> Tree:
        """Every file of a commit.

        Raises:
            GitOpsError: there is no such commit, or the server cannot be reached.
        """
        if commit not in self._trees:
            self.fetch(commit)
            self._trees[commit] = self._scratch.tree(commit, commit=commit)
        return self._trees[commit]

    def sides(self, *, base: str, head: str) -> Sides:
        """A base commit, and a head merged into it.

        Raises:
            MergeConflictError: they cannot be merged.
            GitOpsError: a commit cannot be fetched, or the two have nothing in common.
        """
        self.fetch(base, [head])
        names = (f"`{self._branch}`", head[:12])
        merged = merge(self._scratch, base, head, names=names)
        return Sides(
            base=self.at(base),
            merged=self._scratch.tree(merged, commit=""),
            branch=self._branch,
            head=head,
            notes=self._scratch.notes,
        )

    def messages(self, *, base: str, head: str) -> tuple[str, ...]:
        """The messages of the commits that the head has and the base has not, oldest first.

        Raises:
            GitOpsError: a commit cannot be fetched.
        """
        self.fetch(base, [head])
        listed = self._scratch.git.check(
            ["log", "--reverse", "-z", "--format=%B"],
            values=[("--max-count", str(_MOST_MESSAGES))],
            operands=[head, f"^{base}"],
        )
        return tuple(text for text in listed.decode(errors="replace").split("\0") if text)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        """The content of these files; paths the tree does not have are left out.

        Raises:
            GitOpsError: the server cannot be reached.
        """
        asked = {path: file for path in paths if (file := tree.files.get(path))}
        new = [path for path, file in asked.items() if file.blob not in self._content]
        read = read_files(self._scratch, tree, new) if new else {}
        for found in read.values():
            self._keep(found)
        kept = {
            path: RepositoryFile(
                path=path, data=self._content[file.blob], mode=file.mode, blob=file.blob
            )
            for path, file in asked.items()
            if path not in read and file.blob in self._content
        }
        return {**kept, **read}

    def _keep(self, file: RepositoryFile) -> None:
        size, blob = len(file.data), file.blob
        small = size <= _KEPT_FILE and self._size + size <= _KEPT
        if blob and small and blob not in self._content:
            self._content[blob] = file.data
            self._size += size
