"""A bare repository of ours in which commits are looked at and merged.

It borrows the objects of a checkout, if there is one, and fetches what is missing from the
server, if it may. Nothing is ever written elsewhere, and no settings but ours are read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops_action.adapters.git.checkout import Checkout
from gitops_action.adapters.git.command import GitCommand, GitResult, GitTarget, last_line
from gitops_action.adapters.git.object_reader import ObjectReader
from gitops_action.adapters.git.remote import RETRIES, Remote
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.pull_requests import NOBODY
from gitops_action.core.repository import MergeConflictError, Tree, TreeFile
from gitops_action.errors import GitOpsError, UsageError

NO_BLOBS = "blob:none"
NO_TREES = "tree:0"
_LINK = "160000"
_NOWHERE = GitTarget(
    server_url="https://localhost", repository="local/checkout", token="", identity=NOBODY
)


class RecentBlobs:
    """The content of blobs that were read: what a folder depends on is read, then rendered."""

    _MOST = 16 * 1024 * 1024

    def __init__(self) -> None:
        """Begin with none."""
        self._content: dict[str, bytes] = {}
        self._size = 0

    def of(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Those of these blobs that are kept."""
        return {blob: self._content[blob] for blob in blobs if blob in self._content}

    def keep(self, content: Mapping[str, bytes]) -> None:
        """Keep these, instead of all others where they would become too many bytes."""
        size = sum(map(len, content.values()))
        if self._size + size > self._MOST:
            self._content, self._size = {}, 0
        if size <= self._MOST:
            self._content |= content
            self._size += size


class ScratchRepository:
    """A repository in a temporary folder; use it as a context manager."""

    def __init__(
        self,
        target: GitTarget | None,
        *,
        checkout: Checkout | None = None,
        policy: RetryPolicy = RETRIES,
    ) -> None:
        """Make it.

        Args:
            target: the server's repository; None: nothing may be fetched.
            checkout: whose objects are borrowed.
            policy: for connections that fail.
        """
        self._temporary = tempfile.TemporaryDirectory(prefix="gitops-action-git-")
        self.folder = Path(self._temporary.name)
        self.target = target
        self.git = GitCommand(target or _NOWHERE, self.folder, local=target is None)
        self._remote = Remote(self.git, target or _NOWHERE, policy)
        self._submodules: dict[str, tuple[str, ...]] = {}
        self._known: dict[tuple[bytes, bytes], TreeFile] = {}
        self.recent = RecentBlobs()
        self.objects = ObjectReader(self.git)
        self.git.check(["init", "--quiet", "--bare", "--template="])
        if checkout:
            self._borrow(checkout)

    def __enter__(self) -> Self:
        """Nothing more to open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the folder."""
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        self.objects.close()
        self._temporary.cleanup()

    def _borrow(self, checkout: Checkout) -> None:
        """Read the checkout's objects too (gitrepository-layout, "objects/info/alternates").

        The command that Git would start in the other repository to learn its refs is put out.
        """
        if "\n" in str(checkout.objects):
            raise UsageError("A folder's name has a line break in it", fix="rename the folder")
        info = self.folder / "objects" / "info"
        info.mkdir(exist_ok=True)
        (info / "alternates").write_bytes(os.fsencode(checkout.objects) + b"\n")
        with (self.folder / "config").open("a") as settings:
            settings.write("[core]\n\talternateRefsCommand = true\n")
        if shallow := checkout.shallow:
            (self.folder / "shallow").write_text(f"{shallow}\n")

    @property
    def remote(self) -> Remote:
        """The server.

        Raises:
            UsageError: it may not be asked.
        """
        if self.target is None:
            raise UsageError("The server is not asked", fix="give `token` and `repository`")
        return self._remote

    def fetch(self, objects: Iterable[str], *, limit: str, history: bool = False) -> None:
        """Fetch objects; what is missing stays missing until it is asked for by name.

        Git would otherwise fetch each missing object by itself, one by one, when it meets it.

        Raises:
            GitOpsError: the server cannot be reached or refuses.
        """
        self.remote.fetch(objects, limit=limit, history=history)
        # Either of its two settings is a promise to Git. The second fetch makes none again.
        self.git.run(["config", "--remove-section"], operands=[self._promise])

    @property
    def fetching(self) -> tuple[tuple[str, str], ...]:
        """Settings for a command that may fetch what it misses, where there is a server."""
        if self.target is None:
            return ()
        allowed = (
            f"{self._promise}.promisor=true",
            f"{self._promise}.partialclonefilter=blob:none",
        )
        return tuple(("-c", setting) for setting in allowed)

    @property
    def _promise(self) -> str:
        return f"remote.{self.target.url if self.target else ''}"

    def need(self, commit: str) -> None:
        """Have a commit and its folders at hand, by fetching them if need be.

        Raises:
            UsageError: it is not here, and the server may not be asked.
            GitOpsError: the server has it not, or cannot be reached.
        """
        if self.objects.sizes([f"{commit}^{{tree}}"]):
            return
        if self.target is None:
            raise UsageError(
                f"The commit {commit[:12]} is not in the checkout",
                cause="the checkout is shallow: fewer commits were fetched than are compared",
                fix="check out with `fetch-depth: 2` or more (0: all), or give a `token`",
            )
        self.fetch([commit], limit=NO_BLOBS)

    def parents(self, commit: str) -> tuple[str, ...]:
        """The parents a commit names, also those that were not fetched."""
        text = self.git.check(["cat-file", "commit"], operands=[commit]).partition(b"\n\n")[0]
        # Lines of a signature begin with a space, and one of them holds nothing else.
        found = [line.partition(b" ") for line in text.splitlines()]
        return tuple(value.decode() for key, _, value in found if key == b"parent")

    def tree(self, treeish: str, *, commit: str) -> Tree:
        """Every file of a commit or tree by name; submodules are no files of ours."""
        files: dict[str, TreeFile] = {}
        links = []
        listed = self.git.check(["ls-tree", "-r", "-z", "--full-tree"], operands=[treeish])
        for line in listed.split(b"\0"):
            facts, _, path = line.partition(b"\t")
            if not path:
                continue
            mode, _kind, blob = facts.split(b" ")
            if mode == _LINK.encode():
                links.append(os.fsdecode(path))
            else:
                files[os.fsdecode(path)] = self._file(mode, blob)
        self._submodules[treeish] = tuple(links)
        return Tree(commit=commit, files=files)

    def _file(self, mode: bytes, blob: bytes) -> TreeFile:
        """One value for the same content, so that two sides compare at once."""
        known = self._known.get((mode, blob))
        if known is None:
            known = TreeFile(mode=mode.decode(), blob=blob.decode())
            self._known[mode, blob] = known
        return known

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the trees that were listed."""
        links = sorted({link for found in self._submodules.values() for link in found})
        return tuple(f"The submodule {link} is not looked at" for link in links)


# Merges two commits without a working tree, in a scratch repository.

_CONFLICT = 1
_UNKNOWN_OPTION = 129


def merge(scratch: ScratchRepository, base: str, head: str, *, names: tuple[str, str]) -> str:
    """The tree of head merged into base, as `git merge` and GitHub would make it.

    Args:
        scratch: has both commits, and their history back to where they part.
        base: the commit that is merged into.
        head: the commit that is merged.
        names: what the two are called in an error.

    Raises:
        MergeConflictError: both changed the same lines.
        GitOpsError: Git is older than 2.38, or the two have no history in common.
    """
    result = scratch.git.run(
        ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"],
        settings=scratch.fetching,
        operands=[base, head],
    )
    if result.status == 0:
        return result.stdout.strip(b"\0\n").decode()
    if result.status == _CONFLICT:
        _tree, *files = result.stdout.strip(b"\0").split(b"\0")
        conflicted = tuple(sorted(os.fsdecode(file) for file in files))
        raise MergeConflictError(conflicted, base=names[0], head=names[1])
    raise _failure(result, names)


def _failure(result: GitResult, names: tuple[str, str]) -> GitOpsError:
    said = result.stderr
    if result.status == _UNKNOWN_OPTION or "usage: git merge-tree" in said:
        return GitOpsError(
            "This Git is too old to merge without a working tree",
            cause="`git merge-tree --write-tree` came with Git 2.38",
            fix="install Git 2.38 or newer",
        )
    if "unrelated histories" in said:
        return GitOpsError(
            f"{names[1]} and {names[0]} have no history in common",
            cause="Git finds no commit that both come from",
            fix="start the branch from the base's tip",
        )
    return GitOpsError(f"{names[1]} cannot be merged into {names[0]}", cause=last_line(said))


def have_common_history(scratch: ScratchRepository, base: str, head: str) -> bool:
    """Return whether the commits at hand reach back to one that both come from."""
    return scratch.git.run(["merge-base"], operands=[base, head]).status == 0


def is_ancestor(scratch: ScratchRepository, old: str, new: str) -> bool:
    """Return whether `old` is `new` or lies behind it, by the commits at hand."""
    result = scratch.git.run(["merge-base", "--is-ancestor"], operands=[old, new])
    if result.status not in {0, 1}:
        raise GitOpsError(f"{old[:12]} cannot be compared", cause=last_line(result.stderr))
    return result.status == 0


def containing(scratch: ScratchRepository, commit: str, tip: str, *, most: int) -> tuple[str, ...]:
    """Commits between the two that contain the older one, newest first, by the commits at hand."""
    listed = scratch.git.check(
        ["rev-list", "--ancestry-path"],
        values=[("--max-count", str(most))],
        operands=[tip, f"^{commit}"],
    )
    return tuple(listed.decode().split())


def fetch_for_merge(scratch: ScratchRepository, base: str, head: str) -> None:
    """Fetch all that merging needs: the history without content, then three commits' folders.

    Raises:
        GitOpsError: the server cannot be reached or refuses.
    """
    scratch.fetch([base, head], limit=NO_TREES, history=True)
    bases = scratch.git.run(["merge-base", "--all"], operands=[base, head])
    commits = [base, head, *bases.stdout.decode().split()]
    listing = scratch.git.check(["log", "--no-walk", "--format=%T"], operands=commits)
    scratch.fetch(dict.fromkeys(listing.decode().split()), limit=NO_BLOBS, history=True)
