"""The inputs and outputs of `status`."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.history import FORMAT, SINCE
from gitops_action.core.inputs.token_permission import TokenPermission
from gitops_action.core.inputs.values import Values

StatusFormat = Literal["table", "json", "markdown", "html"]

OUTPUT = Input(
    name="output",
    topic="Reporting",
    help="File that it is written to, instead of being printed; its folder has to exist.",
)

STATUS = Command(
    name="status",
    help="Shows what runs where, what waits and why, what is on hold, and the DORA metrics: as a"
    " table, JSON, Markdown or one HTML page.",
    inputs=(
        replace(
            common.ENVIRONMENT,
            help="Environments that are shown.",
            default_help="every environment",
        ),
        replace(
            SINCE,
            help="Start of the period whose versions are shown: a duration such as"
            " `84d`, a date, or a time with its zone such as `2026-11-28T14:00Z`.",
            default_help="84 days",
        ),
        replace(
            FORMAT,
            choices=("table", "json", "markdown", "html"),
            help="How it is printed or written; `html` is one page without scripts.",
        ),
        OUTPUT,
        common.REPOSITORY,
        replace(
            common.TOKEN,
            help="Token for the environment repository. Without one the checkout is read, and"
            " nothing is known of deployments and pull requests.",
        ),
        replace(
            common.SOURCE_TOKEN,
            help="Token for the application repositories, whose commits lead times begin with.",
        ),
        replace(common.BASE, help="Branch whose status is shown."),
        common.CONFIG,
        replace(
            common.WORKING_DIRECTORY,
            help="Folder of the checkout that is read without a token; `output` is relative to it.",
        ),
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(
            name="status",
            help="JSON list of environments: name, sentence, production, after, running, versions,"
            " proposals, frozen, closed, drift.",
        ),
    ),
)


_PAST = (
    ("contents", "read the branch's history", ""),
    ("deployments", "read how versions were deployed", ""),
    (
        "actions",
        "prove deployments by the runs that they name",
        "deployments are shown as unverified",
    ),
    (
        "checks",
        "read the jobs of many runs at once",
        "only the runs of the newest deployments are read",
    ),
)
_UNKNOWN = "a note; nothing is shown of open pull requests"
_SOURCES = TokenPermission(
    command="status",
    held_by="source-token",
    permission="contents",
    level="read",
    purpose="read when the commits of a deployment were made",
    when="an environment is production",
    without="no lead times, with a note",
)
PAST_RIGHTS: tuple[TokenPermission, ...] = (
    *(
        TokenPermission(
            command=command,
            held_by="token",
            permission=permission,
            level="read",
            purpose=purpose,
            without=without,
        )
        for command, rights in (
            (
                "history",
                (
                    *_PAST,
                    (
                        "pull-requests",
                        "show who proposed and approved each version",
                        "the commits' authors are shown, with a note",
                    ),
                ),
            ),
            (
                "status",
                (
                    *_PAST,
                    ("pull-requests", "list open pull requests", _UNKNOWN),
                    ("statuses", "read what the gate wrote last", _UNKNOWN),
                    (
                        "issues",
                        "find the open issues on drift",
                        "a note; drift is shown by its newest comparison alone",
                    ),
                ),
            ),
        )
        for permission, purpose, without in rights
    ),
    _SOURCES,
)
"""What reading the past takes."""


@dataclass(frozen=True, kw_only=True)
class StatusInputs(common.EndpointInputs):
    """The inputs of `status`; `base` is None for the default branch."""

    environment: tuple[str, ...] = ()
    since: str = ""
    format: StatusFormat = "table"
    output: str = ""
    repository: str = ""
    token: str = field(default="", repr=False)
    source_token: str = field(default="", repr=False)
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    working_directory: str = "."


def status_inputs(values: Values) -> StatusInputs:
    """Build the inputs of `status` from checked values."""
    return values.build(StatusInputs, base=values.text("base") or None)
