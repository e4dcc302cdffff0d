"""`.sourceignore`, and what Flux's source-controller leaves out of every artifact.

The defaults are those of Flux's documentation ("Default exclusions" of GitRepository); patterns are
those of gitignore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitops_action.core.rendering.layout import folder_of, name_of

IGNORE_FILE = ".sourceignore"
DEFAULTS = (
    *(".git/", ".gitignore", ".gitmodules", ".gitattributes"),
    *("*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip"),
    *(".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml"),
    *("cloudbuild.yaml", "codeship-services.yml", "codeship-steps.yml"),
    *("**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml"),
)
_TOKENS = re.compile(r"\*\*/|/\*\*(?!/)|\*+|\?|\[(?:\]|[!^]\]|[!^])?[^\]/]*\]|\\.|.", re.DOTALL)


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
