"""Reading content over GraphQL: the tip with its settings, folders, and the proof of single files.

GraphQL text can be null or cut, and is decoded: a file counts as read only when its bytes hash to
the blob id that stands beside it. What does not is fetched raw by that id.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose, RequestFailure
from gitops_action.adapters.github.queries import (
    BRANCH_NAMES,
    files_document,
    folders_document,
    path_variables,
)
from gitops_action.adapters.github.reply import Reply
from gitops_action.adapters.github.tarstream import BrokenArchiveError, TarEntry, entries
from gitops_action.core.dataclass import dataclass
from gitops_action.core.repository import (
    EXECUTABLE,
    REGULAR,
    SYMLINK,
    Keep,
    RepositoryFile,
    Snapshot,
    blob_id,
)
from gitops_action.errors import GitOpsError, UsageError

# The whole tree in one request: an archive of the commit, looked through as it streams by.

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
    purpose = Purpose(
        operation="read the content", permission="contents: read", repository=repository
    )
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
    return (f"{path} is not looked at: {size / 1024 / 1024:.1f} MiB is too large for a manifest",)


def _mode(entry: TarEntry) -> str:
    if entry.kind == "link":
        return SYMLINK
    return EXECUTABLE if entry.executable else REGULAR


TREE_MODE = 0o040000
_FORMAT = 0o170000
_REGULAR_FORMAT = 0o100000
_LINK_FORMAT = 0o120000
_PATHS_A_QUERY = 100
_MOST_RAW = 3
"""Files that are fetched one by one before an archive is the cheaper way."""


class NotReadError(Exception):
    """GraphQL could not give the folders whole: too deep, too large, or too much is binary."""


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """What a commit says of some paths: blob id and mode of each that exists.

    `repository_id` is the node id that mutations take; `tree` the commit's tree.
    """

    repository_id: str
    tree: str
    entries: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def reading_purpose(repository: str) -> Purpose:
    """Name what reading is for, in errors."""
    return Purpose(operation="read the content", permission="contents: read", repository=repository)


def git_mode(mode: int) -> str:
    """Write a mode as Git does; GraphQL gives it as a number."""
    return f"{mode:06o}"


def fetch_blob(client: GitHubClient, repository: str, oid: str) -> bytes:
    """Fetch a blob's exact bytes (up to 100 MB, GitHub: "Get a blob", raw media type).

    Raises:
        GitOpsError: it cannot be read, or what came is not that blob.
    """
    path = client.path(repository, "git", "blobs", oid)

    def read() -> bytes:
        with client.stream(path, "application/vnd.github.raw+json") as response:
            return response.content

    data = client.reading(read, reading_purpose(repository))
    if blob_id(data) != oid:
        raise GitOpsError("GitHub sent other bytes than were asked for", cause=f"blob {oid}")
    return data


def is_file(entry: Reply) -> bool:
    """Whether a tree entry is a file or a symbolic link, not a folder or a submodule."""
    return entry.number("mode") & _FORMAT in {_REGULAR_FORMAT, _LINK_FORMAT}


def entry_file(client: GitHubClient, repository: str, entry: Reply, path: str) -> RepositoryFile:
    """Make a file of a tree entry with its blob, fetched raw where its text is not the bytes."""
    data, oid = _verified(entry), entry.text("oid")
    if data is None:
        data = fetch_blob(client, repository, oid)
    return RepositoryFile(path=path, data=data, mode=git_mode(entry.number("mode")), blob=oid)


def _verified(entry: Reply) -> bytes | None:
    blob = entry.at("object")
    text = blob.whole("text")
    if text is None or blob.flag("isTruncated"):
        return None
    data = text.encode("utf-8", "surrogatepass")
    return data if blob_id(data) == entry.text("oid") else None


def missing_branch(client: GitHubClient, repository: str, base: str) -> UsageError:
    """Make the error for a base that is not there, with the branches that are, nearest first."""
    answer = client.graphql(BRANCH_NAMES, owner_and_name(repository), reading_purpose(repository))
    names = [node.text("name") for node in answer.at("repository", "refs").each("nodes")]
    near = difflib.get_close_matches(base, names, n=5, cutoff=0.3) or names[:5]
    return UsageError(
        f"{repository} has no branch `{base}`",
        cause=f"it has {', '.join(f'`{name}`' for name in near)}" if near else "it has none",
        fix="set `base`, or leave it out for the default branch",
    )


def read_files(
    client: GitHubClient, repository: str, commit: str, paths: Sequence[str]
) -> FileFacts:
    """Read mode and blob id of paths at a commit; folders and absent paths are left out.

    Raises:
        GitOpsError: it cannot be read.
    """
    facts = FileFacts(repository_id="", tree="")
    for start in range(0, max(len(paths), 1), _PATHS_A_QUERY):
        part = paths[start : start + _PATHS_A_QUERY]
        variables = owner_and_name(repository) | path_variables(part) | {"oid": commit}
        answer = client.graphql(
            files_document(len(part)), variables, reading_purpose(repository)
        ).at("repository")
        found = answer.at("object")
        new = {
            path: (entry.text("oid"), git_mode(entry.number("mode")))
            for index, path in enumerate(part)
            if (entry := found.at(f"f{index}")) and entry.number("mode") != TREE_MODE
        }
        facts = FileFacts(
            repository_id=answer.text("id"),
            tree=found.at("tree").text("oid"),
            entries={**facts.entries, **new},
        )
    return facts


def read_folders(
    client: GitHubClient, repository: str, commit: str, folders: Sequence[str], keep: Keep
) -> Snapshot:
    """Read folders in one query, with every file's bytes proved by its blob id.

    Raises:
        NotReadError: they are too large or too deep for it.
        GitOpsError: GitHub refused.
    """
    variables = owner_and_name(repository) | path_variables(folders) | {"oid": commit}
    answer = client.graphql(
        folders_document(len(folders)), variables, reading_purpose(repository), attempts=2
    ).at("repository", "object")
    entries = [
        found
        for index, folder in enumerate(folders)
        for found in _walk(folder, answer.at(f"f{index}"))
    ]
    unread = {path for path, entry in entries if _verified(entry) is None}
    requested = [
        (path, entry) for path, entry in entries if path not in unread or _fits(path, entry)
    ]
    if sum(path in unread for path, _ in requested) > _MOST_RAW:
        raise NotReadError
    files: dict[str, RepositoryFile] = {}
    for path, entry in requested:
        file = entry_file(client, repository, entry, path)
        if file.mode == SYMLINK or keep(path, file.data):
            files[path] = file
    notes = [
        note
        for path, entry in entries
        if (size := entry.at("object").number("byteSize")) > MAX_FILE
        for note in note_on_size(path, size)
    ]
    return Snapshot(commit=commit, files=files, folders=tuple(folders), notes=tuple(notes))


def _fits(path: str, entry: Reply) -> bool:
    """Whether a file that came without text may be a manifest, not a picture or an archive."""
    blob = entry.at("object")
    if blob.number("byteSize") > MAX_FILE:
        return False
    return path.endswith(TEXTS) or not blob.flag("isBinary")


def _walk(path: str, entry: Reply) -> Iterator[tuple[str, Reply]]:
    if is_file(entry):
        yield path, entry
    elif entry.number("mode") == TREE_MODE:
        inside = entry.at("object")
        if not inside.has("entries"):
            raise NotReadError
        for child in inside.each("entries"):
            yield from _walk(f"{path}/{child.text('name')}", child)


def confirmed(
    client: GitHubClient, repository: str, snapshot: Snapshot, facts: FileFacts
) -> Snapshot:
    """Return the snapshot with these files proved, fetched again where their bytes differ.

    Raises:
        GitOpsError: one of them cannot be fetched.
    """
    files = dict(snapshot.files)
    for path, (oid, mode) in facts.entries.items():
        held = files.get(path)
        data = held.data if held else b""
        if held is None or blob_id(data) != oid:
            data = fetch_blob(client, repository, oid)
        files[path] = RepositoryFile(path=path, data=data, mode=mode, blob=oid)
    return replace(snapshot, files=files)
