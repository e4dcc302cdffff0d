"""The inputs and outputs of `validate`, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import check_access
from gitops_action.core.inputs.bump import VERIFY_MODES, VerifyMode
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

_LARGEST_NUMBER = 2**31 - 1
"""GitHub's numbers of pull requests are GraphQL integers: 32 bits with a sign."""

PULL_REQUEST = Input(
    name="pull-request",
    topic="What changes",
    help="Number of the pull request to validate, read from GitHub without a checkout.",
    default_help="the checkout in `working-directory`",
)
COMMENT = Input(
    name="comment",
    topic="Reporting",
    kind="flag",
    default="false",
    help="Keep one comment on the pull request up to date with what was found. Where the token"
    " may not comment, a note says so.",
)
COMMENT_FILE = Input(
    name="comment-file",
    topic="Reporting",
    help="File to write the comment's text to, a path inside the workspace.",
)

VALIDATE = Command(
    name="validate",
    help="Renders what a pull request changes, before and after; checks schemas, images and"
    " duplicates; shows the difference of each object and what a deployment would delete.",
    inputs=(
        PULL_REQUEST,
        Input(
            name="verify",
            topic="What changes",
            kind="choice",
            choices=VERIFY_MODES,
            default="auto",
            help="How strictly registries must know the images that change. `auto`: a missing"
            " image is an error, an unverifiable one a warning.",
        ),
        COMMENT,
        COMMENT_FILE,
        replace(
            common.ENVIRONMENT,
            help="Environments to look at, of those that the change touches.",
            default_help="every environment that the change touches",
        ),
        replace(
            common.WORKING_DIRECTORY,
            help="Folder of the checkout that is validated when no `pull-request` is given.",
        ),
        common.REPOSITORY,
        replace(
            common.BASE,
            help="Branch that the change is to be merged into.",
            default_help="the pull request's; else the default branch",
        ),
        common.CONFIG,
        replace(
            common.TOKEN,
            help="Token for the environment repository. Reading a public checkout takes none.",
        ),
        replace(
            common.SOURCE_TOKEN, help="Token to look private images up with at `ghcr.io` alone."
        ),
        replace(
            common.REGISTRY_USERNAME,
            help="User for the registries that the base branch names already.",
        ),
        replace(
            common.REGISTRY_PASSWORD,
            help="Password or token for the registries that the base branch names already; it is"
            " never shown to one that the change brings in.",
        ),
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(name="valid", help="`true` when nothing is wrong with the change, else `false`."),
        Output(name="environments", help="JSON list of the environments that the change touches."),
        Output(
            name="rendered-hash",
            help="Hash of all that the touched environments render to after the merge; empty when"
            " one of them cannot be rendered.",
        ),
        Output(
            name="unrendered-hash",
            help="Hash of the changed files that no render shows: workflows, configuration, holds,"
            " CODEOWNERS and the like.",
        ),
        Output(name="objects-added", help="Number of objects that are new."),
        Output(name="objects-changed", help="Number of objects that change."),
        Output(name="objects-removed", help="Number of objects that are gone."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class ValidateInputs(common.EndpointInputs, common.RegistryInputs):
    """The inputs of `validate`; `pull_request` and `base` are None when they are not given."""

    pull_request: int | None = None
    verify: VerifyMode = "auto"
    comment: bool = False
    comment_file: str = ""
    environment: tuple[str, ...] = ()
    working_directory: str = "."
    repository: str = ""
    base: str | None = None
    config: str = common.DEFAULT_CONFIG
    token: str = field(default="", repr=False)


def validate_inputs(values: Values, environ: Mapping[str, str]) -> ValidateInputs:
    """Build the inputs of `validate` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: the job's environment, for the actor who logs in at ghcr.io.

    Raises:
        UsageError: what is given does not go together.
    """
    inputs = values.build(
        ValidateInputs,
        pull_request=pull_request_number(values.text("pull-request")),
        base=values.text("base") or None,
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    _check_together(inputs)
    return inputs


def pull_request_number(text: str) -> int | None:
    """Read `42` or `#42`; None for nothing.

    Raises:
        UsageError: it is no number of a pull request.
    """
    if not text:
        return None
    digits = text.removeprefix("#")
    plain = digits.isascii() and digits.isdecimal()
    if (
        not plain
        or len(digits) > len(str(_LARGEST_NUMBER))
        or not (0 < int(digits) <= _LARGEST_NUMBER)
    ):
        raise UsageError(
            "The input `pull-request` is not valid",
            cause=f"{text!r} is not the number of a pull request",
            fix="write it like `42`, or leave it empty for the checkout",
        )
    return int(digits)


def _check_together(inputs: ValidateInputs) -> None:
    needed = "`pull-request`" if inputs.pull_request else "`comment`" if inputs.comment else ""
    if not needed:
        return
    check_access(inputs.repository, inputs.token, rights="", needed_by=needed)
