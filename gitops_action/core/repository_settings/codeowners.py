"""Who owns a file by CODEOWNERS, and whether the files that decide have an owner.

Patterns are those of `.gitignore`, without `!` and `[ ]`, and `folder/*` stops at the folder's own
files (GitHub: "About code owners"). The last line that matches counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from gitops_action.core.config import HOLDS_FOLDER, Config
from gitops_action.core.config.resolved import PLACEHOLDER
from gitops_action.core.repository import CODEOWNERS, WORKFLOWS_FOLDER
from gitops_action.core.repository_settings import facts

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_FILE = "a-file.yaml"


def owners(text: str, path: str) -> tuple[str, ...]:
    """The owners of a file; none where the last line that matches names none."""
    found: tuple[str, ...] = ()
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words and _matches(words[0], path):
            found = tuple(words[1:])
    return found


def _matches(pattern: str, path: str) -> bool:
    if pattern.endswith("/*"):
        folder = pattern.removesuffix("/*").strip("/")
        return path.rpartition("/")[0] == folder
    return _spec(pattern).match_file(path)


@cache
def _spec(pattern: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only where settings are checked

    return GitIgnoreSpec.from_lines([pattern], backend="re2")


def check_codeowners(
    settings: facts.RepositorySettings, config: Config
) -> Iterator[facts.SettingFinding]:
    """What decides needs an owner; a hold and an environment's content must not have one."""
    text = settings.codeowners
    if isinstance(text, facts.Unreadable):
        yield facts.unread("CODEOWNERS", text)
        return
    if text is None:
        yield facts.SettingFinding(
            level="gap",
            text="there is no CODEOWNERS: workflows and the configuration change without an owner",
            fix="commit .github/CODEOWNERS as `gitops-action init environment` writes it",
        )
        return
    yield from _guarded(text, config)
    yield from _unattended(text, config)
    yield from _errors(settings)


def _guarded(text: str, config: Config) -> Iterator[facts.SettingFinding]:
    files = (f"{WORKFLOWS_FOLDER}gate.yml", config.path, CODEOWNERS[0])
    without = [path for path in files if not owners(text, path)]
    if without:
        yield facts.SettingFinding(
            level="gap",
            text=f"CODEOWNERS names no owner of {', '.join(without)}",
            fix="add the line `/.github/ @OWNER/TEAM`",
        )
    else:
        yield facts.SettingFinding(
            level="ok", text="workflows, the configuration and CODEOWNERS have an owner"
        )


def _unattended(text: str, config: Config) -> Iterator[facts.SettingFinding]:
    waiting: list[str] = []
    if owners(text, f"{HOLDS_FOLDER}{_FILE}"):
        waiting.append(HOLDS_FOLDER)
    for item in config.environments:
        folder = item.path.partition(PLACEHOLDER)[0].strip("/")
        if item.merge == "auto" and owners(text, f"{folder}/{_FILE}".strip("/")):
            waiting.append(f"{folder or '.'}/")
    if waiting:
        yield facts.SettingFinding(
            level="stop",
            text=f"CODEOWNERS names an owner of {', '.join(dict.fromkeys(waiting))}: bumps,"
            " rollbacks and holds there wait for a person",
            fix="leave environments and holds without an owner, and ask for approvals by"
            " `gates.approvals`; end CODEOWNERS with the line `/.github/gitops/holds/`",
        )


def _errors(settings: facts.RepositorySettings) -> Iterator[facts.SettingFinding]:
    found: Sequence[str] | facts.Unreadable = settings.codeowners_errors
    if isinstance(found, facts.Unreadable):
        yield facts.unread("whether the owners in CODEOWNERS exist", found)
        return
    for text in found:
        yield facts.SettingFinding(
            level="gap",
            text=f"GitHub ignores an owner in CODEOWNERS: {text}",
            fix="name people or teams with write access to this repository",
        )
