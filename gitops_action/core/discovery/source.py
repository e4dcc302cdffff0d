"""A repository's files as discovery reads them: parsed once, on demand, links resolved inside."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from gitops_action.core.discovery.cursor import Cursor, OutsideRepositoryError, documents
from gitops_action.core.discovery.relevance import Signs, is_root, signs_of
from gitops_action.core.kustomize import KUSTOMIZATION_NAMES, is_kustomization, is_remote
from gitops_action.core.pattern import pattern
from gitops_action.core.rendering.follow import Follower, deployers_in
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import SYMLINK, RepositoryFile, Snapshot
from gitops_action.core.yaml.nodes import YamlFile
from gitops_action.core.yaml.parse import is_sops, looks_templated, parse
from gitops_action.core.yaml.path import YamlSyntaxError
from gitops_action.errors import GitOpsError, Location

YAML_ENDINGS = (".yaml", ".yml", ".json")
_MOST_LINKS = 40
_LARGE = 20_000
"""Bytes above which the documents of a file are looked at one by one before they are parsed."""

_MARKED = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_UNCLEAR = pattern(rb"(?m)^(?:\.\.\.(?:\s|$)|%)|\r(?!\n)")
_DOCUMENT_START = pattern(rb"(?m)^---(?=\s|$)")
_BLANK = pattern(rb"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:#[^\n]*)?")


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
        repository: OWNER/NAME, by which sources of Flux and Argo CD are known to be this
            repository; empty where it is not known.
        branch: the base branch; empty where it is not known.
        errors: by file, so that one bad file is reported once and the others are still read.
        skipped: what was left alone, without repeats.
        opaque: files in which nothing is edited, and why.
        remote: references to places outside of the repository.
        unread: folders that are needed but were not read.
        unread_files: files that something names and the prefilter passed over.
        passed_over: files that were read though the prefilter passes them over.
        signs: what makes a file or document worth reading; by default every one is.
    """

    snapshot: Snapshot
    repository: str = ""
    branch: str = ""
    errors: dict[str, GitOpsError] = field(default_factory=dict)
    skipped: dict[Skipped, None] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    remote: dict[Skipped, None] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    unread_files: set[str] = field(default_factory=set)
    passed_over: Mapping[str, RepositoryFile] = field(default_factory=dict)
    signs: Signs = field(default_factory=lambda: signs_of(()))
    _parsed: dict[tuple[str, bool], tuple[Cursor, ...]] = field(default_factory=dict)
    _folders: frozenset[str] = frozenset()
    _files: dict[str, RepositoryFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know every folder, so that `resources` entries can be determined apart."""
        self._files = dict(self.snapshot.files)
        self._folders = frozenset(
            parent for path in self.snapshot.files for parent in _parents(path)
        )

    @cached_property
    def flux_sources(self) -> Follower:
        """What files say of the sources of Flux; looked for when a Kustomization names one."""
        follower = Follower(
            layout=RepositoryLayout({}, {}), repository=self.repository, branch=self.branch
        )
        every = {**self.passed_over, **self._files}
        listed = {path: file for path, file in every.items() if path.endswith(YAML_ENDINGS)}
        follower.learn(deployers_in(listed))
        return follower

    def skip(self, file: str, line: int, reason: str) -> None:
        """Note something that is left alone."""
        self.skipped.setdefault(Skipped(file=file, line=line, reason=reason))

    def fail(self, file: str, error: GitOpsError) -> None:
        """Keep the first error of a file."""
        self.errors.setdefault(file, error)

    def has(self, path: str) -> bool:
        """Whether the file was read."""
        return path in self._files

    def exists(self, path: str) -> bool:
        """Whether it is a file that was read, or a folder that holds some."""
        return self.has(path) or self.is_folder(path)

    def is_folder(self, path: str) -> bool:
        """Whether files were read below this path; the empty path is the repository."""
        return path in self._folders

    def reads(self, path: str, *, always: bool = False) -> bool:
        """Whether a file that something names was read; one that may be there is asked for.

        A YAML file without any sign of an image or a version was passed over by the prefilter and
        can decide nothing, unless its place alone does (`always`), as that of a patch.
        """
        if path in self._files:
            return True
        if not always and path.endswith(YAML_ENDINGS):
            return False
        if path in self.passed_over:
            self._files[path] = self.passed_over[path]
            return True
        if self.snapshot.filtered and path not in self.snapshot.asked and self.covers(path):
            self.unread_files.add(path)
        return False

    def is_relevant(self, path: str) -> bool:
        """Whether a file is worth reading though nothing names it."""
        return is_root(self.signs, path, self.data(path))

    def data(self, path: str) -> bytes:
        """The file's bytes."""
        return self._files[path].data

    def is_link(self, path: str) -> bool:
        """Whether the path is a symbolic link."""
        file = self._files.get(path)
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
            if path in self._files:
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

    def documents(self, path: str, *, whole: bool = False) -> tuple[Cursor, ...]:
        """The file's documents; none for what is left alone or does not parse (which is noted).

        Documents of large files that have no sign of an image are left out, unless `whole`.
        """
        partly = not whole and self._is_large(path)
        key = (path, partly)
        if key not in self._parsed:
            self._parsed[key] = self._read(path, partly=partly)
        return self._parsed[key]

    def _is_large(self, path: str) -> bool:
        return bool(self.signs.words) and len(self.data(path)) > _LARGE

    def _read(self, path: str, *, partly: bool) -> tuple[Cursor, ...]:
        data = self.data(path)
        try:
            pieces = split_documents(data) if partly and not is_sops(data) else None
            if pieces and len(pieces) > 1:
                return tuple(self._relevant_documents(path, data, pieces))
            file = parse(path, data)
        except YamlSyntaxError as error:
            if looks_templated(data):
                self.opaque[path] = "a template, not YAML: nothing is edited in it"
            else:
                self.fail(path, error)
            return ()
        if is_sops(file):
            self.opaque[path] = "encrypted with SOPS: an edit would break its checksum"
            return ()
        return documents(file)

    def _relevant_documents(
        self, path: str, data: bytes, pieces: list[tuple[int, int]]
    ) -> Iterator[Cursor]:
        """The documents of a large file that have any sign; the others are not parsed."""
        for index, (start, end) in enumerate(pieces):
            piece = data[start:end]
            if self.signs.in_data(piece):
                above = b"\n" * data.count(b"\n", 0, start)
                for cursor in documents(parse(path, above + piece)):
                    yield replace(cursor, document=index)

    def _is_candidate(self, path: str, start: str) -> bool:
        below = path[len(start) :].split("/")
        hidden = any(part.startswith(".") for part in below)
        named = path.endswith(YAML_ENDINGS) or is_kustomization(path)
        return named and not hidden and not self.is_link(path)


def split_documents(data: bytes) -> list[tuple[int, int]] | None:
    """Where each document of a stream starts and ends; None where only a parser can say.

    `---` at the beginning of a line ends a document wherever it stands (YAML 1.2, 9.1.2).
    Documents are counted as the parser does: what stands before the first `---` is one when it
    holds anything but blanks and comments.
    """
    if data.startswith(_MARKED) or _UNCLEAR.search(data):
        return None
    starts = [found.start() for found in _DOCUMENT_START.finditer(data)]
    first = data[: starts[0]] if starts else data
    if not _BLANK.fullmatch(first):
        starts.insert(0, 0)
    return list(zip(starts, [*starts[1:], len(data)], strict=True))


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


def resolved(source: Source, folder: str, item: Cursor, *, keyed: bool = False) -> str | None:
    """The path that an entry means; None for what is elsewhere or leads out (which is reported).

    Generators may write it `key=path` (`keyed`).
    """
    text = (item.text or "").rpartition("=" if keyed else "\0")[2]
    if not text or "\n" in text:
        return None
    path: str | None = None
    failure: GitOpsError | None = None
    try:
        path = source.resolve(folder, text, item.location)
    except GitOpsError as error:
        failure = error
    exists = path is not None and source.exists(path)
    if is_remote(text, exists=exists):
        remote = Skipped(file=item.file, line=item.line, reason=f"{text} is remote: it is not read")
        source.remote.setdefault(remote)
        return None
    if failure:
        source.fail(item.file, failure)
    return path


def items(cursor: Cursor | None) -> Iterator[Cursor]:
    """The items of a list that may not be there."""
    return cursor.items() if cursor else iter(())
