"""What a person has in a working tree and not yet committed, as a commit of our own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from gitops_action.adapters.git.checkout import Checkout
from gitops_action.adapters.git.command import last_line
from gitops_action.adapters.git.objects import write_commit
from gitops_action.adapters.git.scratch import ScratchRepository
from gitops_action.core.dataclass import dataclass
from gitops_action.core.repository import list_files
from gitops_action.errors import GitOpsError, UsageError

_SETTINGS = r"^core\.(filemode|autocrlf|eol|symlinks|ignorecase)$"
_VALUES = frozenset({"true", "false", "input", "lf", "crlf", "native"})
_EPOCH = "@0 +0000"


@dataclass(frozen=True, kw_only=True)
class Uncommitted:
    """A commit in the scratch repository that holds the working tree.

    Attributes:
        commit: it, with the checked-out commit as its parent; that very commit when all is clean.
        files: the paths by which they differ, sorted.
        notes: what was passed over.
    """

    commit: str
    files: tuple[str, ...]
    notes: tuple[str, ...]


def take_in(scratch: ScratchRepository, checkout: Checkout, head: str) -> Uncommitted:
    """Commit what is staged, changed, deleted or new in the scratch repository.

    Ignored files (.gitignore, .git/info/exclude) stay out. The index is a copy, so that Git need
    only read what changed; the checkout's own is not touched.

    Raises:
        UsageError: a merge is in progress and files are in conflict.
        GitOpsError: a file cannot be read.
    """
    _copy_index(scratch, checkout, head)
    work = {"GIT_WORK_TREE": str(checkout.root)}
    _refuse_unmerged(scratch)
    own = ["diff-files", "-z", "--name-only", "--ignore-submodules=all"]
    changed = _paths(scratch.git.check(own, environ=work))
    other = ["ls-files", "-z", "--others", "--exclude-standard"]
    new = _paths(scratch.git.check(other, environ=work))
    nested = tuple(path for path in new if path.endswith(b"/"))
    _update_index(scratch, work, [*changed, *(path for path in new if path not in nested)])
    tree = scratch.git.check(["write-tree", "--missing-ok"]).decode().strip()
    between = ["diff-tree", "-r", "-z", "--name-only"]
    files = _paths(scratch.git.check(between, operands=[head, tree]))
    commit = head
    if files:
        commit = write_commit(scratch.git, tree=tree, parent=head, message="x", when=_EPOCH)
    return Uncommitted(
        commit=commit,
        files=tuple(sorted(os.fsdecode(path) for path in files)),
        notes=tuple(f"The repository inside, {os.fsdecode(p)}, is not looked at" for p in nested),
    )


def describe(files: tuple[str, ...]) -> str:
    """The uncommitted files that are part of what is looked at, one a line."""
    return "\n".join(("Uncommitted changes are part of this:", *list_files(files)))


def _copy_index(scratch: ScratchRepository, checkout: Checkout, head: str) -> None:
    """Copy with times: by them Git detects files that changed in the same moment as the index."""
    for key, value in _settings(scratch, checkout).items():
        scratch.git.check(["config"], operands=[key, value])
    info = scratch.folder / "info"
    info.mkdir(exist_ok=True)
    _copy(checkout.common / "info" / "exclude", info / "exclude")
    for shared in checkout.folder.glob("sharedindex.*"):  # git-update-index, "SPLIT INDEX"
        _copy(shared, scratch.folder / shared.name)
    if not _copy(checkout.folder / "index", scratch.folder / "gitops-index"):
        scratch.git.check(["read-tree"], operands=[head])


def _copy(source: Path, target: Path) -> bool:
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return False
    return True


def _settings(scratch: ScratchRepository, checkout: Checkout) -> Mapping[str, str]:
    """The checkout's settings on how files look on this disk; nothing that names a program."""
    file = str(checkout.common / "config")
    result = scratch.git.run(
        ["config", "--no-includes", "-z", "--get-regexp"],
        values=[("--file", file)],
        operands=[_SETTINGS],
    )
    pairs = [
        entry.partition("\n") for entry in result.stdout.decode("utf-8", "replace").split("\0")
    ]
    return {key: value.lower() for key, _, value in pairs if value.lower() in _VALUES}


def _refuse_unmerged(scratch: ScratchRepository) -> None:
    listed = scratch.git.check(["ls-files", "--unmerged", "-z"]).split(b"\0")
    files = sorted({os.fsdecode(line.partition(b"\t")[2]) for line in listed if line})
    if files:
        raise UsageError(
            "A merge is in progress, with conflicts",
            cause="\n".join(list_files([f"`{file}`" for file in files])),
            fix="fix the conflicts and `git add` the files, or abort the merge",
        )


def _paths(output: bytes) -> list[bytes]:
    return [path for path in output.split(b"\0") if path]


def _update_index(
    scratch: ScratchRepository, environ: Mapping[str, str], paths: list[bytes]
) -> None:
    result = scratch.git.run(
        ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"],
        stdin=b"".join(path + b"\0" for path in paths),
        environ=environ,
    )
    if result.status:
        raise GitOpsError("The working tree cannot be read", cause=last_line(result.stderr))
