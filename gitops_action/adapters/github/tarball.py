"""The whole tree in one request: an archive of the commit, looked through as it streams by.

Nothing is written to disk, and only what `keep` wants is held. Archives obey `export-ignore` and
`export-subst`, so what is read here has no blob id until it is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.failures import Purpose, RequestFailure
from gitops_action.adapters.github.tarstream import BrokenArchiveError, TarEntry, entries
from gitops_action.core.files import EXECUTABLE, REGULAR, SYMLINK, Keep, RepositoryFile, Snapshot

MAX_FILE = 5 * 1024 * 1024
"""Bytes above which a file is not looked at: no manifest is that large."""

_CHUNK = 256 * 1024
TEXTS = (".yaml", ".yml", ".json", ".tpl", ".tmpl", ".j2")
"""Endings of files that may hold an image; a larger one of them is worth a note."""


def read_tree(client: GitHubClient, repository: str, commit: str, keep: Keep) -> Snapshot:
    """Read all files of `commit` that `keep` wants, and all symbolic links.

    Raises:
        GitOpsError: it cannot be read.
    """
    purpose = Purpose(doing="read the content", permission="contents: read", repository=repository)
    path = client.path(repository, "tarball", commit)

    def read() -> Snapshot:
        with client.stream(path, "application/vnd.github+json") as response:
            try:
                return scan(commit, response.iter_content(_CHUNK), keep)
            except BrokenArchiveError:
                raise RequestFailure(
                    status=0, message="the archive of the repository was cut off"
                ) from None

    return client.reading(read, purpose)


def scan(commit: str, chunks: Iterable[bytes], keep: Keep) -> Snapshot:
    """Go through a gzipped `git archive` with one top folder, which is left out of the paths.

    Raises:
        BrokenArchiveError: it is cut off or malformed.
    """
    files: dict[str, RepositoryFile] = {}
    notes: list[str] = []
    for entry in entries(chunks, limit=MAX_FILE):
        path = entry.path.partition("/")[2]
        if not path or entry.kind == "other":
            continue
        if entry.data is None:
            notes.extend(note_on_size(path, entry.size))
        elif entry.kind == "link" or keep(path, entry.data):
            files[path] = RepositoryFile(path=path, data=entry.data, mode=_mode(entry))
    return Snapshot(commit=commit, files=files, notes=tuple(notes))


def note_on_size(path: str, size: int) -> tuple[str, ...]:
    """Say that a file is too large to be looked at, if it could hold anything of interest."""
    if not path.endswith(TEXTS):
        return ()
    return (f"{path} is not looked at: {size / 1024 / 1024:.1f} MiB is no size for a manifest",)


def _mode(entry: TarEntry) -> str:
    if entry.kind == "link":
        return SYMLINK
    return EXECUTABLE if entry.executable else REGULAR
