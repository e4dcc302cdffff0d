"""A repository's files as discovery reads them: parsed once, on demand, links resolved inside."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from gitops_action.core.discovery.cursor import Cursor, OutsideRepositoryError, documents
from gitops_action.core.repository import SYMLINK, Snapshot
from gitops_action.core.yaml import YamlFile, YamlSyntaxError, is_sops, looks_templated, parse
from gitops_action.errors import GitOpsError, Location

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
YAML_ENDINGS = (".yaml", ".yml", ".json")
_MOST_LINKS = 40


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A place that was left alone, and why."""

    file: str
    line: int
    reason: str


@dataclass(kw_only=True)
class Source:
    """Reads a snapshot; collects what does not parse and what is left alone on the way.

    Attributes:
        snapshot: the files.
        errors: by file, so that one bad file is told once and the others are still read.
        skipped: what was left alone, without repeats.
        unread: folders that are needed but were not read.
    """

    snapshot: Snapshot
    errors: dict[str, GitOpsError] = field(default_factory=dict)
    skipped: dict[Skipped, None] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    _parsed: dict[str, tuple[Cursor, ...]] = field(default_factory=dict)
    _folders: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Know every folder, so that `resources` entries can be told apart."""
        self._folders = frozenset(
            parent for path in self.snapshot.files for parent in _parents(path)
        )

    def skip(self, file: str, line: int, reason: str) -> None:
        """Note something that is left alone."""
        self.skipped.setdefault(Skipped(file=file, line=line, reason=reason))

    def fail(self, file: str, error: GitOpsError) -> None:
        """Keep the first error of a file."""
        self.errors.setdefault(file, error)

    def has(self, path: str) -> bool:
        """Whether the file was read."""
        return path in self.snapshot.files

    def is_folder(self, path: str) -> bool:
        """Whether files were read below this path; the empty path is the repository."""
        return path in self._folders

    def data(self, path: str) -> bytes:
        """The file's bytes."""
        return self.snapshot.files[path].data

    def is_link(self, path: str) -> bool:
        """Whether the path is a symbolic link."""
        file = self.snapshot.files.get(path)
        return file is not None and file.mode == SYMLINK

    def below(self, folder: str) -> Iterator[str]:
        """The YAML files below a folder, sorted; links and hidden folders are left out."""
        start = f"{folder}/" if folder else ""
        for path in sorted(self.snapshot.files):
            if path.startswith(start) and self._is_candidate(path, start):
                yield path

    def kustomization(self, folder: str) -> str | None:
        """The folder's kustomization file, by the names that kustomize looks for."""
        for name in KUSTOMIZATION_NAMES:
            path = join(folder, name)
            if path in self.snapshot.files:
                return path
        return None

    def covers(self, path: str) -> bool:
        """Whether the folder of this path was read, so that a missing file is truly missing."""
        folders = self.snapshot.folders
        return not folders or any(
            not folder or path == folder or path.startswith(f"{folder}/") for folder in folders
        )

    def resolve(self, folder: str, relative: str, location: Location) -> str:
        """The path that `relative`, written in `folder`, means; links inside are followed.

        Raises:
            OutsideRepositoryError: it leads out of the repository, by itself or over a link.
        """
        path = _normal(folder, relative, location)
        for _ in range(_MOST_LINKS):
            link = next((part for part in (path, *_parents(path)) if self.is_link(part)), None)
            if link is None:
                return path
            target = self.data(link).decode("utf-8", "surrogateescape")
            moved = _normal(posixpath.dirname(link), target, location)
            path = join(moved, path[len(link) :].lstrip("/"))
        raise OutsideRepositoryError(relative, location)

    def documents(self, path: str) -> tuple[Cursor, ...]:
        """The file's documents; none for what is left alone or does not parse (which is noted)."""
        if path not in self._parsed:
            self._parsed[path] = self._read(path)
        return self._parsed[path]

    def _read(self, path: str) -> tuple[Cursor, ...]:
        data = self.data(path)
        try:
            file = parse(path, data)
        except YamlSyntaxError as error:
            if looks_templated(data):
                self.skip(path, 1, "a template, not YAML: nothing is edited in it")
            else:
                self.fail(path, error)
            return ()
        if is_sops(file):
            self.skip(path, 1, "encrypted with SOPS: an edit would break its checksum")
            return ()
        return documents(file)

    def _is_candidate(self, path: str, start: str) -> bool:
        below = path[len(start) :].split("/")
        hidden = any(part.startswith(".") for part in below)
        named = path.endswith(YAML_ENDINGS) or below[-1] in KUSTOMIZATION_NAMES
        return named and not hidden and not self.is_link(path)


def join(folder: str, name: str) -> str:
    """Join two paths of the repository; either may be empty."""
    return "/".join(part for part in (folder, name) if part)


def folder_of(path: str) -> str:
    """The folder of a file; empty at the top."""
    return posixpath.dirname(path)


def _normal(folder: str, relative: str, location: Location) -> str:
    path = posixpath.normpath(posixpath.join("/", "x", folder, relative))
    inside = posixpath.normpath(posixpath.join(folder or ".", relative))
    if relative.startswith("/") or inside == ".." or inside.startswith("../"):
        raise OutsideRepositoryError(relative, location)
    return path.removeprefix("/x").lstrip("/")


def _parents(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


__all__ = ["Skipped", "Source", "YamlFile", "folder_of", "join"]


# What kustomizations refer to: paths of this repository, or places elsewhere.

_REMOTE = ("://", "git@", "github.com/", "gitlab.com/", "bitbucket.org/", "?ref=", "git::")


def resolved(source: Source, folder: str, item: Cursor, *, keyed: bool = False) -> str | None:
    """The path that an entry means; None for what is elsewhere or leads out (which is told).

    Generators may write it `key=path` (`keyed`).
    """
    text = (item.text or "").rpartition("=" if keyed else "\0")[2]
    if not text or is_remote(text):
        source.skip(item.file, item.line, f"{text} is remote: it is not read")
        return None
    try:
        return source.resolve(folder, text, item.location)
    except GitOpsError as error:
        source.fail(item.file, error)
        return None


def is_remote(text: str) -> bool:
    """Whether an entry names a place outside the repository, by the marks kustomize knows."""
    return any(mark in text for mark in _REMOTE)


def items(cursor: Cursor | None) -> Iterator[Cursor]:
    """The items of a list that may not be there."""
    return cursor.items() if cursor else iter(())
