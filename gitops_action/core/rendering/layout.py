"""The files of a repository as folders, and where symbolic links in it lead."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern

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


# `.sourceignore`, and what Flux's source-controller leaves out of every artifact.

IGNORE_FILE = ".sourceignore"
DEFAULTS = (
    *(".git/", ".gitignore", ".gitmodules", ".gitattributes"),
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)
_TOKENS = pattern(r"\*\*/|/\*\*(?!/)|\*+|\?|\[(?:\]|[!^]\]|[!^])?[^\]/]*\]|\\.|.", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool


class Ignore:
    """Decides which files are left out."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Take the content of every `.sourceignore` by its path; deeper ones have the last word."""
        self._rules = [_rule(line, "") for line in DEFAULTS]
        for path in sorted(files, key=lambda path: (path.count("/"), path)):
            lines = files[path].decode(errors="replace").splitlines()
            domain = folder_of(path)
            self._rules += [_rule(line, domain) for line in lines if _counts(line)]

    def leaves_out(self, path: str) -> bool:
        """Whether a file is left out, by itself or with a folder that it lies in."""
        parts = path.split("/")
        folders = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return any(self._matches(folder, is_folder=True) for folder in folders) or self._matches(
            path, is_folder=False
        )

    def _matches(self, path: str, *, is_folder: bool) -> bool:
        for rule in reversed(self._rules):
            if rule.pattern.fullmatch(path) and (is_folder or not rule.folders_only):
                return not rule.negated
        return False


def is_hidden(path: str) -> bool:
    """Whether a file, or a folder it lies in, has a name that starts with a dot."""
    return any(part.startswith(".") for part in path.split("/"))


def ignore_files(paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that hold patterns."""
    return tuple(path for path in paths if name_of(path) == IGNORE_FILE)


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _rule(line: str, domain: str) -> _Rule:
    text = line.rstrip()
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    inside = re.escape(f"{domain}/") if domain else ""
    anywhere = "" if anchored else "(?:.*/)?"
    return _Rule(
        pattern=re.compile(inside + anywhere + _regex(text.lstrip("/"))),
        negated=negated,
        folders_only=folders_only,
    )


def _regex(glob: str) -> str:
    return "".join(_translate(token) for token in _TOKENS.findall(glob))


def _translate(token: str) -> str:
    fixed = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if token.startswith("*"):
        return "[^/]*"
    if token.startswith("[") and token.endswith("]") and len(token) > 2:  # noqa: PLR2004
        inside = token[1:-1].replace("\\", "\\\\")
        return f"[^{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
