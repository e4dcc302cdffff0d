"""The inputs of `bump` as values, and the rules between them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, get_args

from gitops_action.core.config.values import format_duration, parse_duration
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.oci import ImageSource, read_source
from gitops_action.core.inputs.access import WRITE_RIGHTS, check_access
from gitops_action.core.inputs.common import RegistryInputs, RepositoryInputs
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

Mode = Literal["pull-request", "commit", "local", "dispatch"]
Transport = Literal["auto", "api", "git"]
DigestMode = Literal["pin", "keep", "drop"]
VerifyMode = Literal["auto", "required", "off"]
AutoMerge = Literal["none", "merge", "squash", "rebase"]
DispatchEvent = Literal["workflow_dispatch", "repository_dispatch"]

MODES: tuple[Mode, ...] = get_args(Mode)
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
DIGEST_MODES: tuple[DigestMode, ...] = get_args(DigestMode)
VERIFY_MODES: tuple[VerifyMode, ...] = get_args(VerifyMode)
AUTO_MERGES: tuple[AutoMerge, ...] = get_args(AutoMerge)
DISPATCH_EVENTS: tuple[DispatchEvent, ...] = get_args(DispatchEvent)
DEFAULT_WORKFLOW = "new-application-version.yml"
DEFAULT_TIMEOUT = timedelta(minutes=10)

_NOT_SENT = (
    *("paths", "allow_downgrade", "transport", "reopen", "signoff", "branch", "commit_message"),
    *("pull_request_title", "pull_request_body", "pull_request_labels", "pull_request_reviewers"),
    *("pull_request_team_reviewers", "pull_request_assignees", "pull_request_draft", "auto_merge"),
)
"""Attributes that the workflow which `mode: dispatch` starts has no input for."""


@dataclass(frozen=True, kw_only=True)
class BumpInputs(RepositoryInputs, RegistryInputs):
    """The inputs of `bump`, one attribute each, hyphens as underscores.

    `images` and `set` stay text: `core.images.parse_image_lines` and
    `core.plan.parse_set_lines` read them and point at the line that is wrong. `branch`, the
    texts of the pull request and `commit_message` are templates, empty for our own.
    """

    images: str = ""
    set: str = ""
    digest: DigestMode = "pin"
    verify: VerifyMode = "auto"
    source: ImageSource | None = None
    mode: Mode = "pull-request"
    transport: Transport = "auto"
    working_directory: str = "."
    paths: tuple[str, ...] = ()
    allow_downgrade: bool = False
    reopen: bool = False
    signoff: bool = False
    branch: str = ""
    pull_request_title: str = ""
    pull_request_body: str = ""
    commit_message: str = ""
    pull_request_labels: tuple[str, ...] = ()
    pull_request_reviewers: tuple[str, ...] = ()
    pull_request_team_reviewers: tuple[str, ...] = ()
    pull_request_assignees: tuple[str, ...] = ()
    pull_request_draft: bool = False
    auto_merge: AutoMerge = "none"
    workflow: str = DEFAULT_WORKFLOW
    dispatch_event: DispatchEvent = "workflow_dispatch"
    wait: bool = False
    timeout: timedelta = DEFAULT_TIMEOUT


def bump_inputs(values: Values, environ: Mapping[str, str]) -> BumpInputs:
    """Build the inputs of `bump` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: the job's environment, for the actor who logs in at ghcr.io.

    Raises:
        UsageError: what is given does not go together.
    """
    inputs = values.build(
        BumpInputs,
        base=values.text("base") or None,
        source=_source(values.text("source")),
        timeout=_timeout(values.text("timeout")),
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    _check_together(inputs)
    return inputs


def _source(text: str) -> ImageSource | None:
    if not text:
        return None
    if (found := read_source(text)) is None:
        raise UsageError(
            "The input `source` is not valid",
            cause=f"{text!r} is not OWNER/NAME@SHA with a full commit id",
            fix="write it like `acme/web@0123456789abcdef0123456789abcdef01234567`",
        )
    return found


def _timeout(text: str) -> timedelta:
    try:
        found = parse_duration(text) if text else DEFAULT_TIMEOUT
    except ValueError as error:
        fix = f"write it like `{format_duration(DEFAULT_TIMEOUT)}`"
        raise UsageError("The input `timeout` is not valid", cause=str(error), fix=fix) from None
    return found


def _check_together(inputs: BumpInputs) -> None:
    if not inputs.images and not inputs.set:
        raise UsageError(
            "There is nothing to bump",
            cause="neither `images` nor `set` is given",
            fix="give `images: ghcr.io/acme/web:v1.2.3`",
        )
    if inputs.mode == "dispatch":
        check_dispatch(inputs)
    elif inputs.wait:
        raise UsageError(
            f"There is nothing to wait for with `mode: {inputs.mode}`",
            cause="`wait` is for runs that `mode: dispatch` starts",
            fix="remove `wait`, or set `mode: dispatch`",
        )
    if inputs.mode == "local":
        return
    check_access(
        inputs.repository,
        inputs.token,
        rights=_rights(inputs),
        instead=", or `mode: local` to edit a checkout",
    )


def check_dispatch(inputs: BumpInputs) -> None:
    """Only what the started workflow takes can be given.

    Raises:
        UsageError: an input is given that would do nothing.
    """
    if inputs.set or not inputs.images:
        raise UsageError(
            "`mode: dispatch` hands over images only",
            cause="the workflow of the environment repository has no input for `set`",
            fix="give `images` alone, or use `mode: pull-request`",
        )
    unset = BumpInputs()
    if idle := [name for name in _NOT_SENT if getattr(inputs, name) != getattr(unset, name)]:
        listed = ", ".join(f"`{name.replace('_', '-')}`" for name in idle)
        raise UsageError(
            f"With `mode: dispatch` nothing comes of {listed}",
            cause="the workflow that is started decides on that",
            fix=f"set it in {inputs.workflow} of the environment repository, and remove it here",
        )
    if "/" in inputs.workflow or not inputs.workflow.endswith((".yml", ".yaml")):
        raise UsageError(
            "The input `workflow` is not valid",
            cause=f"{inputs.workflow!r} is not a file name of a workflow",
            fix=f"write the file's name, like `{DEFAULT_WORKFLOW}`",
        )


def _rights(inputs: BumpInputs) -> str:
    if inputs.mode != "dispatch":
        return WRITE_RIGHTS
    by_hand = inputs.dispatch_event == "workflow_dispatch"
    return f"the right `{'actions' if by_hand else 'contents'}: write`"
