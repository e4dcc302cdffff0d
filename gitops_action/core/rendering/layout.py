"""The files of a repository as folders, and where symbolic links in it lead."""

from __future__ import annotations

import posixpath
import re
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_action.core.dataclass import dataclass
from gitops_action.core.linear_regex import linear_regex
from gitops_action.errors import GitOpsError, Location

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

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


class RepositoryLayout:
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


# `.sourceignore`, and what Flux's source-controller leaves out of every artifact.

IGNORE_FILE = ".sourceignore"
DEFAULTS = (
    *(".git/", ".gitignore", ".gitmodules", ".gitattributes"),
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)

MOST_PATTERNS = 1_000
"""Patterns that one file may hold."""


class _Defaults:
    """`DEFAULTS` without the library for patterns: each is a name, a folder's name or an ending."""

    def __init__(self) -> None:
        """Sort them by what they are about."""
        plain = [one.removeprefix("**/") for one in DEFAULTS]
        self._folders = {one.removesuffix("/") for one in plain if one.endswith("/")}
        self._endings = tuple(one.removeprefix("*") for one in plain if one.startswith("*"))
        self._names = {*plain}

    def verdict(self, path: str) -> bool | None:
        """Whether the path, or a folder that it lies in, is left out; None: nothing matches."""
        parts = path.split("/")
        found = any(one in self._names or one.endswith(self._endings) for one in parts)
        return found or not self._folders.isdisjoint(parts[:-1]) or None


@dataclass(frozen=True, kw_only=True)
class _Patterns:
    """The patterns of one file, for paths below its folder."""

    domain: str
    spec: GitIgnoreSpec

    def verdict(self, path: str) -> bool | None:
        """Whether the path is left out; None: no pattern matches it."""
        inside = f"{self.domain}/" if self.domain else ""
        if not path.startswith(inside):
            return None
        return self.spec.check_file(path.removeprefix(inside)).include


class Ignore:
    """Decides which files are left out.

    Attributes:
        problems: patterns that cannot be used.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Take the content of every `.sourceignore` by its path; deeper ones have the last word."""
        self.problems: list[GitOpsError] = []
        self._patterns: list[_Defaults | _Patterns] = [_Defaults()]
        for path in sorted(files, key=lambda path: (path.count("/"), path)):
            lines = files[path].decode(errors="replace").splitlines()
            good = list(self._usable(path, lines))
            if good:
                self._patterns.append(_Patterns(domain=folder_of(path), spec=_spec(good)))

    def leaves_out(self, path: str) -> bool:
        """Whether a file is left out, by itself or with a folder that it lies in."""
        verdicts = (patterns.verdict(path) for patterns in reversed(self._patterns))
        return next((verdict for verdict in verdicts if verdict is not None), False)

    def _usable(self, path: str, lines: Sequence[str]) -> Iterator[str]:
        if len(lines) > MOST_PATTERNS:
            place = Location(file=path)
            cause = f"more than {MOST_PATTERNS} lines"
            self.problems.append(
                GitOpsError(f"{path} is too long", cause=cause, fix="shorten it", location=place)
            )
            return
        for number, line in enumerate(lines, start=1):
            cause = _fault(line)
            if not cause:
                yield line
                continue
            self.problems.append(
                GitOpsError(
                    f"{line[:60]!r} is not a valid pattern",
                    cause=cause,
                    fix="write it as in a .gitignore file",
                    location=Location(file=path, line=number),
                )
            )


def is_hidden(path: str) -> bool:
    """Whether a file, or a folder it lies in, has a name that starts with a dot."""
    return any(part.startswith(".") for part in path.split("/"))


def ignore_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that hold patterns."""
    return tuple(path for path in paths if name_of(path) == IGNORE_FILE)


def _spec(lines: Iterable[str]) -> GitIgnoreSpec:
    """The lines as one matcher; RE2 matches in linear time."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only where a folder is collected

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return GitIgnoreSpec.from_lines(lines, backend="re2")


def _fault(line: str) -> str:
    """Why a line is no pattern; empty when it is one, or a comment."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415 - same

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            pattern = GitIgnoreSpecPattern(line)
        if pattern.regex is not None:
            linear_regex(str(pattern.regex.pattern))
    except (ValueError, re.error, RecursionError, OverflowError) as error:
        return str(error)
    return ""
