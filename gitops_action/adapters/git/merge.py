"""Merges two commits without a working tree, in a scratch repository."""

from __future__ import annotations

import os

from gitops_action.adapters.git.command import GitResult
from gitops_action.adapters.git.failures import last_line
from gitops_action.adapters.git.scratch import NO_BLOBS, NO_TREES, Scratch
from gitops_action.core.trees import MergeConflictError
from gitops_action.errors import GitOpsError

_CONFLICT = 1
_UNKNOWN_OPTION = 129


def merge(scratch: Scratch, base: str, head: str, *, names: tuple[str, str]) -> str:
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
        [
            *scratch.fetching,
            "merge-tree",
            "--write-tree",
            "-z",
            "--name-only",
            "--no-messages",
            base,
            head,
        ]
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


def have_common_history(scratch: Scratch, base: str, head: str) -> bool:
    """Tell whether the commits at hand reach back to one that both come from."""
    return scratch.git.run(["merge-base", base, head]).status == 0


def is_ancestor(scratch: Scratch, old: str, new: str) -> bool:
    """Tell whether `old` is `new` or lies behind it, by the commits at hand."""
    result = scratch.git.run(["merge-base", "--is-ancestor", old, new])
    if result.status not in {0, 1}:
        raise GitOpsError(f"{old[:12]} cannot be compared", cause=last_line(result.stderr))
    return result.status == 0


def containing(scratch: Scratch, commit: str, tip: str, *, most: int) -> tuple[str, ...]:
    """Commits between the two that contain the older one, newest first, by the commits at hand."""
    path = [f"--max-count={most}", "--ancestry-path", tip, f"^{commit}"]
    return tuple(scratch.git.check(["rev-list", *path, "--"]).decode().split())


def fetch_for_merge(scratch: Scratch, base: str, head: str) -> None:
    """Fetch all that merging needs: the history without content, then three commits' folders.

    Raises:
        GitOpsError: the server cannot be reached or refuses.
    """
    scratch.fetch([base, head], limit=NO_TREES, history=True)
    found = scratch.git.run(["merge-base", "--all", base, head]).stdout.decode().split()
    listing = scratch.git.check(["log", "--no-walk", "--format=%T", base, head, *found])
    scratch.fetch(dict.fromkeys(listing.decode().split()), limit=NO_BLOBS, history=True)
