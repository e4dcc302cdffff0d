"""The inputs and outputs of `comment`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import check_access
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

COMMENT_COMMAND = Command(
    name="comment",
    help="Does what one `/gitops` comment on a pull request or an issue asks for.",
    inputs=(
        Input(
            name="comment-id",
            topic="What changes",
            help="Number of the comment; its text is read from GitHub then.",
            default_help="the event's, with the text that the event has",
        ),
        common.REPOSITORY,
        replace(
            common.TOKEN,
            help="Token for the environment repository: the gate App's.",
        ),
        common.BASE,
        common.CONFIG,
        common.SOURCE_TOKEN,
        common.REGISTRY_USERNAME,
        common.REGISTRY_PASSWORD,
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(name="command", help="The command's name; empty for a comment that gives none."),
        Output(name="result", help="`done`, `refused` or `ignored`."),
        Output(name="reason-code", help="Why it was refused or ignored."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class CommentInputs(common.EndpointInputs, common.RegistryInputs):
    """The inputs of `comment`; `comment_id` is 0 for the event's comment."""

    comment_id: int = 0
    repository: str = ""
    token: str = field(default="", repr=False)
    base: str | None = None
    config: str = common.DEFAULT_CONFIG


def comment_inputs(values: Values, environ: Mapping[str, str]) -> CommentInputs:
    """Build the inputs of `comment` from checked values.

    Raises:
        UsageError: what is given does not go together.
    """
    number = values.text("comment-id")
    if number and not (number.isascii() and number.isdecimal()):
        raise UsageError(
            "The input `comment-id` is not valid",
            cause=f"{number!r} is not the number of a comment",
            fix="write the number at the end of the comment's address",
        )
    inputs = values.build(
        CommentInputs,
        comment_id=int(number or 0),
        base=values.text("base") or None,
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    check_access(inputs.repository, inputs.token, rights="")
    return inputs
