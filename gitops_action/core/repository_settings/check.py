"""The settings as a whole: every finding, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitops_action.core.config import Config
from gitops_action.core.outcome import Line, Part, Tone
from gitops_action.core.repository_settings.access import check_access
from gitops_action.core.repository_settings.codeowners import check_codeowners
from gitops_action.core.repository_settings.default_branch import check_default_branch
from gitops_action.core.repository_settings.facts import Level, RepositorySettings, SettingFinding
from gitops_action.core.repository_settings.server import check_server
from gitops_action.core.repository_settings.unattended import check_unattended

_TITLES: Mapping[Level, tuple[str, Tone]] = {
    "gap": ("Goes around the gate", "old"),
    "stop": ("Stops unattended work", "old"),
    "unknown": ("Could not be read, so not checked", "strong"),
    "note": ("To know", "strong"),
    "ok": ("As it should be", "new"),
}
FAILING: frozenset[Level] = frozenset({"gap", "stop", "unknown"})


def check_settings(settings: RepositorySettings, config: Config) -> tuple[SettingFinding, ...]:
    """Every finding once, what matters most first."""
    found = (
        *check_default_branch(settings),
        *check_codeowners(settings, config),
        *check_access(settings, config),
        *check_unattended(settings, config),
        *check_server(settings, config),
    )
    order = tuple(_TITLES)
    return tuple(sorted(dict.fromkeys(found), key=lambda item: order.index(item.level)))


def headline(settings: RepositorySettings, findings: Sequence[SettingFinding]) -> str:
    """One line with the counts."""
    counts = {level: sum(item.level == level for item in findings) for level in _TITLES}
    words = (
        f"{_count(counts['gap'], 'way')} around the gate",
        f"{_count(counts['stop'], 'rule')} that stop{'s' * (counts['stop'] == 1)} it",
        f"{counts['unknown']} unknown",
        f"{counts['ok']} right",
    )
    return f"{settings.repository}, branch {settings.branch}: {', '.join(words)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def lines(findings: Sequence[SettingFinding]) -> tuple[Line, ...]:
    """The findings by their level, each with what corrects it."""
    return tuple(line for level in _TITLES for line in _group(level, findings))


def _group(level: Level, findings: Sequence[SettingFinding]) -> Iterator[Line]:
    mine = [item for item in findings if item.level == level]
    if not mine:
        return
    title, tone = _TITLES[level]
    yield ""
    yield (Part(text=title, tone=tone),)
    for item in mine:
        yield f"  {item.text}"
        if item.fix:
            yield (Part(text=f"    Fix: {item.fix}", tone="quiet"),)
