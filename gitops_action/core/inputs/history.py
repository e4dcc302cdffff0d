"""The inputs and outputs of `history`."""

from __future__ import annotations

from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Literal

from gitops_action.core.config.values import parse_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

HistoryFormat = Literal["table", "json", "markdown"]

SINCE = Input(
    name="since",
    topic="What changes",
    help="Only what ended since: a duration such as `30d`, a date, or a time with its zone such as"
    " `2026-11-28T14:00Z`.",
    default_help="everything",
)
FORMAT = Input(
    name="format",
    topic="Reporting",
    kind="choice",
    choices=("table", "json", "markdown"),
    default="table",
    help="How it is printed at a terminal.",
)

HISTORY = Command(
    name="history",
    help="Shows what ran in an environment: versions, commits, pull requests, people, results and"
    " durations.",
    inputs=(
        replace(
            common.ENVIRONMENT,
            help="Environments whose history is shown.",
            default_help="every environment",
        ),
        replace(
            common.APPLICATION,
            help="Applications whose history is shown.",
            default_help="every application",
        ),
        SINCE,
        FORMAT,
        common.REPOSITORY,
        replace(
            common.TOKEN,
            help="Token for the environment repository. Without one the checkout is read, and"
            " nothing is known of deployments.",
        ),
        replace(common.BASE, help="Branch whose history is read."),
        common.CONFIG,
        replace(
            common.WORKING_DIRECTORY, help="Folder of the checkout that is read without a token."
        ),
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(
            name="history",
            help="JSON list, newest first: environment, application, image, version, digest,"
            " commit, at, number, people, result, attempts, deployed, seconds, ran, running,"
            " unverified.",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class HistoryInputs(common.EndpointInputs):
    """The inputs of `history`; `base` is None for the default branch."""

    environment: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    since: str = ""
    format: HistoryFormat = "table"
    repository: str = ""
    token: str = field(default="", repr=False)
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    working_directory: str = "."


def history_inputs(values: Values) -> HistoryInputs:
    """Build the inputs of `history` from checked values."""
    return values.build(HistoryInputs, base=values.text("base") or None)


def moment(text: str, now: datetime, *, name: str = "since") -> datetime | None:
    """The time that an input names; None for an empty one.

    Raises:
        UsageError: it is not a duration, a date, or a time with a zone.
    """
    if not text:
        return None
    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _not_a_time(name, text, str(error)) from None
    if found.tzinfo is None and len(text) > len("2026-11-28"):
        raise _not_a_time(name, text, "it has no time zone")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _not_a_time(name: str, text: str, cause: str) -> UsageError:
    return UsageError(
        f"The input `{name}` is not valid",
        cause=f"{text!r}: {cause}",
        fix="write a duration such as `30d`, a date, or a time such as `2026-11-28T14:00Z`",
    )
