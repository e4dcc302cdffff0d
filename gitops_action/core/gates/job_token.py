"""What the job's own token cannot do, and what is weaker with it than with an App."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gitops_action.core.config.document import Document, Path, written
from gitops_action.core.config.resolved import Config, Gates
from gitops_action.core.outcome import Notice
from gitops_action.core.pattern import pattern
from gitops_action.core.repository import WORKFLOWS_FOLDER
from gitops_action.errors import Location, UsageError

TEAMS_FIX = "name `users` instead, or give the gate an App"
QUEUE_REASON = "a merge queue needs an App: the job's token can put nothing into it"

WEAKER: tuple[str, ...] = (
    "any workflow of this repository can write `gitops/ready`",
    "GitHub starts no checks by itself on pull requests that a workflow opens",
    "an override names the digits of its comment",
)
"""Guarantees that the job's token does not give; the gate's comment names them."""

_CALL = pattern(r"(?m)^[ \t]*(?:-[ \t]+)?uses:[ \t]*[\"']?[^\s#\"']+-job-token\.ya?ml@")


def teams_of(gates: Gates) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The keys of an environment's gates that name teams, with the teams."""
    if gates.approvals.teams:
        yield "approvals", gates.approvals.teams
    if gates.override.teams:
        yield "override", gates.override.teams


def unreadable_teams(teams: Iterable[str]) -> str:
    """Why teams decide nothing, and what to do."""
    return f"the job's token cannot read the teams {', '.join(teams)}: {TEAMS_FIX}"


def teams_named(config: Config) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Every place of the configuration that names teams."""
    for item in config.environments:
        for key, teams in teams_of(item.gates or Gates()):
            yield ("environments", item.name, "gates", key, "teams"), teams


def is_used(workflows: Mapping[str, bytes]) -> bool:
    """Whether a repository's workflows call one that works with the job's token."""
    return any(
        path.startswith(WORKFLOWS_FOLDER) and _CALL.search(data.decode("utf-8", "replace"))
        for path, data in workflows.items()
    )


def configuration_errors(config: Config, document: Document | None) -> tuple[UsageError, ...]:
    """An error for each key that the job's token makes impossible."""
    return tuple(
        UsageError(
            f"{written(path)}: the job's token cannot read the members of {', '.join(teams)}",
            cause="the workflows of this repository call `…-job-token.yml`",
            fix=TEAMS_FIX,
            location=_place(config, document, path),
        )
        for path, teams in teams_named(config)
    )


def configuration_notices(config: Config, document: Document | None) -> tuple[Notice, ...]:
    """A warning for each environment whose bumps wait until a person starts their checks."""
    return tuple(
        Notice(
            level="warning",
            text=f"{written(path)}: on pull requests that a workflow opens, GitHub starts checks"
            " only when a person approves their runs, as the job's token opens them",
            location=_place(config, document, path),
        )
        for item in config.environments
        if item.gates and item.gates.checks
        for path in (("environments", item.name, "gates", "checks"),)
    )


def _place(config: Config, document: Document | None, path: Path) -> Location:
    return document.key(path) if document else Location(file=config.path)
