"""Reads files of a tree by content, fetching what is missing in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.adapters.git.objects import read_blobs
from gitops_action.adapters.git.scratch import NO_BLOBS, Scratch
from gitops_action.core.files import RepositoryFile
from gitops_action.core.trees import Tree, TreeFile
from gitops_action.errors import GitOpsError, Location, UsageError

READ_LIMIT = 25 * 1024 * 1024
"""Bytes above which a file is not read: no API server would take an object of that size."""

_MANIFESTS = (".yaml", ".yml", ".json")


def read_files(scratch: Scratch, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
    """The content of these files; paths the tree does not have are left out.

    A file over the limit is left out too, unless it is a manifest by its name.

    Raises:
        UsageError: content is missing, and the server may not be asked.
        GitOpsError: a manifest is too large, or the server cannot be reached or refuses.
    """
    wanted = {path: tree.files[path] for path in paths if path in tree.files}
    sizes = _present(scratch, list(dict.fromkeys(file.blob for file in wanted.values())))
    _refuse_large([path for path, file in wanted.items() if sizes[file.blob] > READ_LIMIT])
    blobs = [blob for blob, size in sizes.items() if size <= READ_LIMIT]
    content = dict(read_blobs(scratch.git, blobs))
    return dict(_files(wanted, content))


def _present(scratch: Scratch, blobs: Sequence[str]) -> Mapping[str, int]:
    sizes = scratch.sizes(blobs) if blobs else {}
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
    return {**sizes, **scratch.sizes(missing)}


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
    wanted: Mapping[str, TreeFile], content: Mapping[str, bytes]
) -> Iterator[tuple[str, RepositoryFile]]:
    for path, file in wanted.items():
        if file.blob in content:
            data = content[file.blob]
            yield path, RepositoryFile(path=path, data=data, mode=file.mode, blob=file.blob)
