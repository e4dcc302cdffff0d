"""The files of a repository as folders, and where symbolic links in it lead."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_MAX_LINKS = 40
"""As many links as Linux follows on one way."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a path leads.

    Attributes:
        path: the file or folder in the end; None when it leaves the repository or goes in circles.
        links: the symbolic links on the way.
    """

    path: str | None
    links: tuple[str, ...] = ()


class Layout:
    """Answers questions about names; contents it does not know."""

    def __init__(self, files: Iterable[str], links: Mapping[str, str]) -> None:
        """Take every file's path, links among them, and the targets of the links."""
        self._sorted = sorted(files)
        self._files = frozenset(self._sorted)
        self._links = links

    def is_file(self, path: str) -> bool:
        """Whether there is a file (or a link) of this name."""
        return path in self._files

    def is_folder(self, path: str) -> bool:
        """Whether files lie below; the repository itself is the empty path."""
        return next(self.below(path), None) is not None

    def below(self, folder: str) -> Iterator[str]:
        """The files at any depth below a folder, sorted."""
        prefix = f"{folder}/" if folder else ""
        for index in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            if not self._sorted[index].startswith(prefix):
                return
            yield self._sorted[index]

    def follow(self, folder: str, reference: str) -> Way:
        """Where a reference that is written in a file of `folder` leads.

        Each folder on the way may be a link, and `..` goes up from where it leads, as in a shell.
        """
        if reference.startswith("/"):
            return Way(path=None)
        here: list[str] = folder.split("/") if folder else []
        waiting = list(reversed(reference.split("/")))
        links: list[str] = []
        while waiting:
            part = waiting.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not here:
                    return Way(path=None, links=tuple(links))
                here.pop()
                continue
            here.append(part)
            link = "/".join(here)
            if link in self._links:
                links.append(link)
                target = self._links[link]
                if target.startswith("/") or len(links) > _MAX_LINKS:
                    return Way(path=None, links=tuple(links))
                here.pop()
                waiting.extend(reversed(target.split("/")))
        return Way(path="/".join(here), links=tuple(links))


def join(folder: str, reference: str) -> str | None:
    """A reference as a path from the repository's top, links aside; None when it leaves."""
    joined = posixpath.normpath(posixpath.join(folder, reference))
    if joined == ".":
        return ""
    return None if joined.startswith(("../", "/")) or joined == ".." else joined


def folder_of(path: str) -> str:
    """The folder a file lies in; empty for the repository's top."""
    return posixpath.dirname(path)


def name_of(path: str) -> str:
    """The last part of a path."""
    return posixpath.basename(path)
