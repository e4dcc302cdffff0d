"""The interface and the inputs of `hold`."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import READ_RIGHTS, WRITE_RIGHTS, check_access
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

HoldAction = Literal["add", "remove", "list"]
HoldMode = Literal["pull-request", "commit", "local"]
REASON_LIMIT = 1000
"""Characters of a reason."""

REASON = Input(
    name="reason",
    topic="What changes",
    help="Why, in a sentence; it is shown to people who meet the hold or the rollback. At most"
    " 1,000 characters.",
    default_help="none",
)

HOLD = Command(
    name="hold",
    help="Adds, lists or removes holds: of a version, of an application's images, or of an"
    " environment (a freeze).",
    inputs=(
        Input(
            name="action",
            topic="What changes",
            kind="choice",
            choices=get_args(HoldAction),
            default="list",
            help="`add` a hold, `remove` one, or `list` all with their state.",
        ),
        replace(
            common.ENVIRONMENT,
            help="The environment, or `all`. `list` takes several.",
            default_help="with `list` every environment",
        ),
        replace(
            common.APPLICATION,
            help="The application. Without `image`, none of its images may change.",
            default_help="every application",
        ),
        Input(
            name="image",
            topic="What changes",
            help="The version that must not run: `ghcr.io/acme/web:v1.2.3`, or with its digest."
            " Without `image` and `application` the hold is a freeze.",
            default_help="none",
        ),
        REASON,
        Input(
            name="until",
            topic="What changes",
            help="When it ends by itself: a time with its zone (`2026-11-28T14:00Z`), a date"
            " (through its end, UTC), or a duration (`30m`, `2h`, `3d`).",
            default_help="until it is removed",
        ),
        Input(
            name="mode",
            topic="How it is proposed",
            kind="choice",
            choices=get_args(HoldMode),
            default="pull-request",
            help="Open a pull request, commit to the base branch, or edit files under"
            " `working-directory`.",
        ),
        common.WORKING_DIRECTORY,
        common.REPOSITORY,
        common.TOKEN,
        common.BASE,
        common.CONFIG,
        common.DRY_RUN,
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(name="changed", help="`true` when this run wrote something."),
        Output(name="hold", help="Path of the hold's file; the first of several."),
        Output(
            name="holds",
            help="JSON list of holds with environment, application, image, reason, author, since,"
            " until, file and state (`active`, `expired`, `future`).",
        ),
        Output(name="pull-request-number", help="Number of the pull request."),
        Output(name="pull-request-url", help="Address of the pull request."),
        Output(
            name="pull-request-operation",
            help="`created`, `updated`, `unchanged` or `closed`; empty without one.",
        ),
        Output(name="branch", help="Branch that was written, or would be."),
        Output(name="commit", help="Commit that was written, or that the pull request has."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class HoldInputs(common.EndpointInputs):
    """The inputs of `hold`; `base` is None for the default branch."""

    action: HoldAction = "list"
    environment: tuple[str, ...] = ()
    application: str = ""
    image: ImageReference | None = None
    reason: str = ""
    until: str = ""
    mode: HoldMode = "pull-request"
    working_directory: str = "."
    repository: str = ""
    token: str = field(default="", repr=False)
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    dry_run: bool = False


def hold_inputs(values: Values) -> HoldInputs:
    """Build the inputs of `hold` from checked values.

    Raises:
        UsageError: what is given is not valid, or does not go together.
    """
    applications = values.names("application")
    inputs = values.build(
        HoldInputs,
        application=applications[0] if applications else "",
        image=read_image(values.text("image")),
        reason=read_reason(values.text("reason")),
        base=values.text("base") or None,
    )
    if inputs.action != "list" and (len(inputs.environment) != 1 or len(applications) > 1):
        raise UsageError(
            "A hold is on one environment and one application",
            cause=f"{len(inputs.environment)} environments and {len(applications)} applications"
            " are given",
            fix="give one `environment` (or `all`) and at most one `application`",
        )
    if inputs.action != "add" and (inputs.until or inputs.reason):
        raise UsageError(
            f"`action: {inputs.action}` takes no `reason` and no `until`",
            fix="remove them, or set `action: add`",
        )
    if inputs.mode != "local":
        reads = inputs.action == "list" or inputs.dry_run
        check_access(
            inputs.repository,
            inputs.token,
            rights=READ_RIGHTS if reads else WRITE_RIGHTS,
            instead=", or `mode: local` for the checkout",
        )
    return inputs


def read_image(text: str) -> ImageReference | None:
    """The image; None for an empty text.

    Raises:
        UsageError: it cannot be read, or names no version.
    """
    if not text:
        return None
    try:
        image = parse_reference(text)
    except ImageReferenceError as error:
        raise UsageError(
            "The input `image` is not valid", cause=f"{text!r}: {error.reason}", fix=error.fix
        ) from None
    if not (image.tag or image.digest):
        raise UsageError(
            "The input `image` is not valid",
            cause=f"{text!r} names no version",
            fix="add the tag or the digest",
        )
    return image


def read_reason(text: str) -> str:
    """The reason on one line.

    Raises:
        UsageError: it is longer than 1,000 characters.
    """
    reason = " ".join(text.split())
    if len(reason) <= REASON_LIMIT:
        return reason
    raise UsageError(
        "The input `reason` is not valid",
        cause=f"it has {len(reason):,} characters; at most {REASON_LIMIT:,} are kept",
        fix="shorten it, and link to the rest",
    )
