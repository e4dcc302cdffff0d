"""Paths below a folder, with nothing that leads out of it."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from gitops_action.core.dataclass import dataclass
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.repository import EXECUTABLE, REGULAR, SYMLINK, Keep, RepositoryFile
from gitops_action.errors import GitOpsError, UsageError


def inside(root: Path, path: str) -> Path:
    """Where a repository path is on disk.

    Raises:
        UsageError: it leaves the folder, goes through a symbolic link, or is Git's own.
    """
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise UsageError(f"`{path}` is not a path inside the working directory")
    place = root
    for part in parts:
        place /= part
        if place.is_symlink():
            raise UsageError(
                f"`{path}` is not followed",
                cause=f"`{place.relative_to(root)}` is a symbolic link",
                fix="name the file that the link leads to, if it is in the repository",
            )
    return place


def existing_mode(place: Path) -> int | None:
    """The mode bits of a regular file; None where nothing is.

    Raises:
        UsageError: something else than a file is there.
    """
    try:
        facts = place.lstat()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise UsageError(f"`{place}` cannot be written", cause="a file is in its way") from None
    if not stat.S_ISREG(facts.st_mode):
        raise UsageError(f"`{place}` cannot be written", cause="it is not a regular file")
    return stat.S_IMODE(facts.st_mode)


# Replaces several files on disk: all of them, or none.

_PREFIX = ".gitops-action-"
_NEW_FILE_MODE = 0o644


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A file to replace: its new content stands beside it in `new`, its old one is in `old`."""

    place: Path
    new: Path
    old: Path | None


def replace_files(changes: Mapping[Path, bytes]) -> None:
    """Write each file beside its place, flush them all to disk, then rename one after the other.

    Modes and owners stay. When something fails, what was done before it is taken back.

    Raises:
        GitOpsError: nothing was changed.
        UsageError: something else than a file is in the way; nothing was changed.
    """
    # Left from right to left: put old files back, remove what stands beside, then new folders.
    with ExitStack() as folders, ExitStack() as tidy, ExitStack() as undo:
        try:
            steps = [_prepare(place, data, folders, tidy) for place, data in changes.items()]
            for step in steps:
                _swap(step, undo)
        except OSError as error:
            raise GitOpsError(
                "The files could not be written, and are as they were",
                cause=f"{error.filename or 'working directory'}: {error.strerror}",
                fix="make the working directory writable, or free space on its disk",
            ) from error
        undo.pop_all()
        folders.pop_all()


def _prepare(place: Path, data: bytes, folders: ExitStack, tidy: ExitStack) -> _Step:
    _make_folders(place.parent, folders)
    mode = existing_mode(place)
    new = _beside(place, data, tidy)
    new.chmod(_NEW_FILE_MODE if mode is None else mode)
    if mode is None:
        return _Step(place=place, new=new, old=None)
    _keep_owner(place, new)
    old = _beside(place, place.read_bytes(), tidy)
    old.chmod(mode)
    _keep_owner(place, old)
    return _Step(place=place, new=new, old=old)


def _swap(step: _Step, undo: ExitStack) -> None:
    step.new.replace(step.place)
    if step.old is None:
        undo.callback(step.place.unlink)
    else:
        undo.callback(step.old.replace, step.place)


def _make_folders(folder: Path, folders: ExitStack) -> None:
    """Make the folders that are missing, to be removed again if it comes to that."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for place in reversed(missing):
        place.mkdir()
        folders.callback(place.rmdir)


def _beside(place: Path, data: bytes, tidy: ExitStack) -> Path:
    """A file in the same folder, so that a rename replaces the other in one step."""
    handle, name = tempfile.mkstemp(prefix=_PREFIX, dir=place.parent)
    path = Path(name)
    tidy.callback(path.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path


def _keep_owner(like: Path, path: Path) -> None:
    """A container often works as root on files of another user, who must keep them."""
    requested, there = like.stat(), path.stat()
    if (requested.st_uid, requested.st_gid) != (there.st_uid, there.st_gid):
        os.chown(path, requested.st_uid, requested.st_gid)


# Writes a text to a file of the workspace: whole, or not at all.


def text_file(root: Path, path: str, redactor: Redactor) -> Callable[[str], None]:
    """What writes to `path` below `root`, without the secrets of this run.

    Raises:
        UsageError: the path leads out of the folder, or through a symbolic link.
    """
    place = inside(root, path)

    def write(text: str) -> None:
        replace_files({place: redactor.clean(text).encode()})

    return write


# Goes through a checkout without parsing, and without following a link.

FILE_LIMIT = 5 * 1024 * 1024
"""Bytes above which a file is not looked at: no manifest is that large."""

_GIT = ".git"
_OWNER_MAY_RUN = 0o100


@dataclass(frozen=True, kw_only=True)
class TooLarge:
    """A file that was passed over, and its size in bytes."""

    path: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Among:
    """Files that may be looked at, and the folders they lie in."""

    files: frozenset[str]
    folders: frozenset[str]


def scan(
    root: Path, folder: str, keep: Keep, among: Among | None = None
) -> Iterator[RepositoryFile | TooLarge]:
    """Yield the files below `folder` (empty: everything) that `keep` wants, never `.git`.

    With `among` only these files are looked at, and only in these folders.

    Links are yielded as links, whatever `keep` says. Twenty thousand files pass through here, so
    that nothing is made of a file before it is wanted.

    Raises:
        OSError: a file or folder cannot be read.
    """
    waiting = [(str(root / folder), f"{folder}/" if folder else "")]
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                path = prefix + entry.name
                if among and path not in among.files and path not in among.folders:
                    continue
                if entry.is_symlink():
                    target = os.fsencode(Path(entry.path).readlink())
                    yield RepositoryFile(path=path, data=target, mode=SYMLINK)
                elif entry.name == _GIT:
                    continue
                elif entry.is_dir(follow_symlinks=False):
                    if among and path not in among.folders:  # another repository's, as a submodule
                        continue
                    waiting.append((entry.path, f"{path}/"))
                elif entry.is_file(follow_symlinks=False):
                    yield from _requested(path, entry.path, keep)


def _requested(path: str, place: str, keep: Keep) -> Iterator[RepositoryFile | TooLarge]:
    data, facts = _read(place)
    if data is None:
        yield TooLarge(path=path, size=facts.st_size)
    elif keep(path, data):
        mode = EXECUTABLE if facts.st_mode & _OWNER_MAY_RUN else REGULAR
        yield RepositoryFile(path=path, data=data, mode=mode)


def read_file(place: Path) -> RepositoryFile | None:
    """Read a file of any size that is no link; None where there is none. `path` is its place.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        data, facts = _read(str(place), limit=sys.maxsize)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if data is None or not stat.S_ISREG(facts.st_mode):
        return None
    mode = EXECUTABLE if facts.st_mode & _OWNER_MAY_RUN else REGULAR
    return RepositoryFile(path=str(place), data=data, mode=mode)


def _read(place: str, limit: int = FILE_LIMIT) -> tuple[bytes | None, os.stat_result]:
    """Bytes and facts of a file that is no link, not even since it was listed.

    The bytes are None beyond the limit and for a folder.
    """
    handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        facts = os.fstat(handle)
        if facts.st_size > limit or not stat.S_ISREG(facts.st_mode):
            return None, facts
        pieces = []
        while piece := os.read(handle, facts.st_size + 1):
            pieces.append(piece)
            if len(piece) == facts.st_size:
                break
        return b"".join(pieces), facts
    finally:
        os.close(handle)
