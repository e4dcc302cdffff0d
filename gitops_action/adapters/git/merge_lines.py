"""Merges the lines of one file by Git, without a repository's history."""

from __future__ import annotations

from gitops_action.adapters.git.scratch import ScratchRepository


def merge_lines(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What `git merge-file` makes of three versions; None where both changed the same lines.

    A binary file is never merged.
    """
    sides = {"ours": ours, "base": base, "theirs": theirs}
    with ScratchRepository(None) as scratch:
        paths = [scratch.folder / f"merge-{name}" for name in sides]
        for path, data in zip(paths, sides.values(), strict=True):
            path.write_bytes(data)
        result = scratch.git.run(
            ["merge-file", "--stdout", "--quiet"], operands=[str(path) for path in paths]
        )
    return result.stdout if result.status == 0 else None
