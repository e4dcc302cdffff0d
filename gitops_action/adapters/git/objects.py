"""Trees and blobs in our own bare repository: listing, reading, building."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.adapters.git.command import GitCommand
from gitops_action.adapters.git.scratch import NO_BLOBS, ScratchRepository
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import ABSENT
from gitops_action.core.repository import REGULAR, SYMLINK, RepositoryFile, Tree, TreeFile
from gitops_action.errors import GitOpsError, Location, UsageError

_BLOB = "blob"


@dataclass(frozen=True, kw_only=True)
class TreeEntry:
    """One file of a commit."""

    path: str
    mode: str
    blob: str


def list_tree(git: GitCommand, commit: str) -> tuple[TreeEntry, ...]:
    """Every file of a commit, symbolic links too; submodules are no files of ours."""
    output = git.check(["ls-tree", "-r", "-z", "--full-tree"], operands=[commit])
    return tuple(_entries(output))


def _entries(output: bytes) -> Iterator[TreeEntry]:
    for line in output.split(b"\0"):
        facts, _, path = line.partition(b"\t")
        if not path:
            continue
        mode, kind, blob = facts.decode().split()
        if kind == _BLOB:
            yield TreeEntry(path=os.fsdecode(path), mode=mode, blob=blob)


def missing_blobs(git: GitCommand, commit: str) -> frozenset[str]:
    """The blobs of a commit that were not fetched, found without fetching them."""
    words = ["rev-list", "--objects", "--no-walk", "--missing=print"]
    output = git.check(words, operands=[commit])
    return frozenset(
        line[1:] for line in output.decode("utf-8", "replace").split("\n") if line[:1] == "?"
    )


def write_tree(
    git: GitCommand, parent: str, changes: Mapping[str, bytes], deletions: Iterable[str] = ()
) -> str:
    """Write the tree of `parent` with these files changed and deleted; each keeps its mode.

    Raises:
        UsageError: a path leaves the repository, or a file stands where a folder is needed.
    """
    modes = {entry.path: entry.mode for entry in list_tree(git, parent)}
    lines = []
    for path, data in changes.items():
        _check_path(path, modes)
        blob = git.check(["hash-object", "-w", "--stdin"], stdin=data).decode().strip()
        entry = f"{modes.get(path, REGULAR)} {blob}\t".encode() + os.fsencode(path)
        lines.append(entry + b"\0")
    for path in deletions:
        _check_path(path, modes)
        lines.append(f"0 {ABSENT}\t".encode() + os.fsencode(path) + b"\0")
    git.check(["read-tree"], operands=[parent])
    git.check(["update-index", "-z", "--index-info"], stdin=b"".join(lines))
    return git.check(["write-tree", "--missing-ok"]).decode().strip()


def _check_path(path: str, modes: Mapping[str, str]) -> None:
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise UsageError(f"`{path}` is not a path inside the repository")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    if blocked := next((folder for folder in above if folder in modes), None):
        kind = "a symbolic link" if modes[blocked] == SYMLINK else "a file"
        raise UsageError(f"`{path}` cannot be written", cause=f"`{blocked}` is {kind}")
    if modes.get(path) == SYMLINK:
        raise UsageError(f"`{path}` cannot be written", cause="it is a symbolic link")


def write_commit(git: GitCommand, *, tree: str, parent: str, message: str, when: str) -> str:
    """Write a commit object; `when` is Git's raw date, `SECONDS +0000`."""
    return (
        git.check(
            ["commit-tree", "-F", "-"],
            values=[("-p", parent)],
            operands=[tree],
            stdin=message.encode(),
            environ={"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when},
        )
        .decode()
        .strip()
    )


# Reads files of a tree by content, fetching what is missing in one go.

READ_LIMIT = 25 * 1024 * 1024
"""Bytes above which a file is not read: no API server would take an object of that size."""

_MANIFESTS = (".yaml", ".yml", ".json")


def read_files(
    scratch: ScratchRepository, tree: Tree, paths: Iterable[str]
) -> Mapping[str, RepositoryFile]:
    """The content of these files; paths the tree does not have are left out.

    A file over the limit is left out too, unless it is a manifest by its name.

    Raises:
        UsageError: content is missing, and the server may not be asked.
        GitOpsError: a manifest is too large, or the server cannot be reached or refuses.
    """
    requested = {path: tree.files[path] for path in paths if path in tree.files}
    content = scratch.recent.of(file.blob for file in requested.values())
    new = {path: file for path, file in requested.items() if file.blob not in content}
    content |= _read_new(scratch, new)
    return dict(_files(requested, content))


def _read_new(scratch: ScratchRepository, files: Mapping[str, TreeFile]) -> Mapping[str, bytes]:
    sizes = present_sizes(scratch, list(dict.fromkeys(file.blob for file in files.values())))
    _refuse_large([path for path, file in files.items() if sizes[file.blob] > READ_LIMIT])
    blobs = [blob for blob, size in sizes.items() if size <= READ_LIMIT]
    content = dict(scratch.objects.contents(blobs))
    scratch.recent.keep(content)
    return content


def present_sizes(scratch: ScratchRepository, blobs: Sequence[str]) -> Mapping[str, int]:
    """The sizes of blobs, which are fetched in one go where they are missing.

    Raises:
        UsageError: content is missing, and the server may not be asked.
        GitOpsError: the server cannot be reached or refuses.
    """
    sizes = scratch.objects.sizes(blobs) if blobs else {}
    missing = [blob for blob in blobs if blob not in sizes]
    if not missing:
        return sizes
    if scratch.target is None:
        raise UsageError(
            f"The content of {len(missing)} files is not in the checkout",
            cause="it is a partial clone (`--filter`)",
            fix="clone without `--filter`, or give a `token`",
        )
    scratch.fetch(missing, limit=NO_BLOBS)
    return {**sizes, **scratch.objects.sizes(missing)}


def _refuse_large(paths: Sequence[str]) -> None:
    for path in paths:
        if path.endswith(_MANIFESTS):
            raise GitOpsError(
                f"{path} is too large to be read",
                cause=f"it has more than {READ_LIMIT // 1024 // 1024} MiB",
                fix="split it, or take it out of the environment's folder",
                location=Location(file=path),
            )


def _files(
    requested: Mapping[str, TreeFile], content: Mapping[str, bytes]
) -> Iterator[tuple[str, RepositoryFile]]:
    for path, file in requested.items():
        if file.blob in content:
            data = content[file.blob]
            yield path, RepositoryFile(path=path, data=data, mode=file.mode, blob=file.blob)
