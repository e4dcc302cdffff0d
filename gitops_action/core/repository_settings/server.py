"""What GitHub Enterprise Server lacks of what the configuration asks for.

By GitHub's API descriptions of 3.17 to 3.19: they have no attestations and no artifact metadata;
the activity of a branch is in 3.17 and later.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.config import Config, Environment
from gitops_action.core.pattern import pattern
from gitops_action.core.repository_settings.facts import (
    RepositorySettings,
    SettingFinding,
    Unreadable,
    unread,
)

_ACTIVITY = (3, 17)
_VERSION = pattern(r"(\d+)\.(\d+)")


def check_server(settings: RepositorySettings, config: Config) -> Iterator[SettingFinding]:
    """Nothing for github.com, which has no version."""
    version = settings.server_version
    if isinstance(version, Unreadable):
        yield unread("the server's version", version)
        return
    if not version:
        return
    server = f"GitHub Enterprise Server {version}"
    yield SettingFinding(
        level="note",
        text=f"{server} has no artifact metadata: `deploy` notes that where it is asked for it",
    )
    if names := [item.name for item in config.environments if _has_provenance(item)]:
        yield SettingFinding(
            level="note",
            text=f"{server} keeps no attestations: `provenance` of {', '.join(names)} reads"
            " bundles beside the image in its registry alone",
            fix="push them to the registry, signed by a sigstore of your own (docs/gates.md)",
        )
    names = [item.name for item in config.environments if _excludes_pushers(item)]
    if names and not _knows_pushes(version):
        yield SettingFinding(
            level="stop",
            text=f"{server} keeps no record of pushes, so approvals in {', '.join(names)} stay"
            " unknown",
            fix="upgrade to 3.17, or set `not-by: [author]`",
        )


def _has_provenance(environment: Environment) -> bool:
    return bool(environment.gates and environment.gates.provenance)


def _excludes_pushers(environment: Environment) -> bool:
    rule = environment.gates.approvals if environment.gates else None
    return bool(rule and rule.count and "pushers" in rule.not_by)


def _knows_pushes(version: str) -> bool:
    found = _VERSION.match(version)
    return found is not None and (int(found[1]), int(found[2])) >= _ACTIVITY
