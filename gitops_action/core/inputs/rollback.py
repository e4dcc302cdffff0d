"""The interface and the inputs of `rollback`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import WRITE_RIGHTS, check_access
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.hold import HOLD, REASON, read_reason
from gitops_action.core.inputs.token_permission import TokenPermission
from gitops_action.core.inputs.values import Values
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

RollbackCommandMode = Literal["pull-request", "commit"]
_COMMIT = pattern(r"[0-9a-f]{7,64}")

ROLLBACK = Command(
    name="rollback",
    help="Proposes (or commits) the return to the last verified images, with a hold on those that"
    " are replaced.",
    inputs=(
        replace(
            common.ENVIRONMENT,
            help="The environment that goes back.",
            default_help="after a failed run of `deploy.yml`: every environment whose newest"
            " deployment failed",
        ),
        replace(
            common.APPLICATION,
            help="Applications that go back.",
            default_help="those whose images the newest deployment changed",
        ),
        Input(
            name="to-version",
            topic="What changes",
            help="The version to go back to: a tag or a digest. It must have been verified there.",
            default_help="the newest earlier one that was verified and is not on hold",
        ),
        Input(
            name="to-commit",
            topic="What changes",
            help="The commit of the environment repository to go back to, or its first digits.",
            default_help="as `to-version`",
        ),
        REASON,
        Input(
            name="list",
            topic="What changes",
            kind="flag",
            default="false",
            help="List the states that can be gone back to, and write nothing.",
        ),
        Input(
            name="mode",
            topic="How it is proposed",
            kind="choice",
            choices=get_args(RollbackCommandMode),
            default="pull-request",
            help="Open a pull request, or commit to the base branch (break-glass).",
        ),
        common.DRY_RUN,
        common.REPOSITORY,
        common.TOKEN,
        common.BASE,
        common.CONFIG,
        common.SOURCE_TOKEN,
        common.REGISTRY_USERNAME,
        common.REGISTRY_PASSWORD,
        *common.ENDPOINTS,
    ),
    outputs=(
        *(item for item in HOLD.outputs if item.name not in {"hold", "holds"}),
        Output(name="hold", help="Path of the hold's file; the first of several."),
        Output(name="candidates", help="JSON list of the earlier states, with `list`."),
        Output(
            name="decisions",
            help="After a failed deployment: JSON list of environment, code and reason.",
        ),
    ),
)


ROLLBACK_RIGHTS: tuple[TokenPermission, ...] = (
    *(
        TokenPermission(
            command="rollback",
            held_by="token",
            permission=permission,
            level="read",
            purpose="read how versions were deployed, proved by runs and jobs",
            without="nothing is proved, and nothing can be gone back to",
        )
        for permission in ("deployments", "checks", "actions")
    ),
    TokenPermission(
        command="rollback",
        held_by="token",
        permission="issues",
        level="write",
        purpose="keep the issue of a failure that needs a person, or of break-glass",
        when="after a run of `deploy`, or `mode: commit`",
        without="a note; a failure that needs a person fails the run all the same",
    ),
    TokenPermission(
        command="rollback",
        held_by="source-token",
        permission="statuses",
        level="write",
        purpose="mark the commits that the replaced images were built from",
        when="the application has a `source`",
        without="a note",
    ),
    *(
        TokenPermission(
            command="rollback",
            held_by=secret,
            permission="packages",
            level="read",
            purpose="look up images at ghcr.io",
            when="the image is private",
            without="an image that was deleted there is not noticed",
        )
        for secret in ("source-token", "registry-password")
    ),
)
"""What it needs beside the writes that `hold` needs as well."""


@dataclass(frozen=True, kw_only=True)
class RollbackInputs(common.RepositoryInputs, common.RegistryInputs):
    """The inputs of `rollback`, one attribute each."""

    to_version: str = ""
    to_commit: str = ""
    reason: str = ""
    list: bool = False
    mode: RollbackCommandMode = "pull-request"


_READS = "the rights `contents: read`, `deployments: read`, `checks: read` and `actions: read`"


def rollback_inputs(values: Values, environ: Mapping[str, str]) -> RollbackInputs:
    """Build the inputs of `rollback` from checked values.

    Raises:
        UsageError: what is given is not valid, or does not go together.
    """
    inputs = values.build(
        RollbackInputs,
        base=values.text("base") or None,
        reason=read_reason(values.text("reason")),
        to_commit=_commit(values.text("to-commit")),
        ghcr_username=environ.get("GITHUB_ACTOR", ""),
        ghcr_password=values.text("source-token"),
    )
    if len(inputs.environment) > 1:
        raise UsageError(
            "A rollback is of one environment",
            cause=f"{len(inputs.environment)} are given",
            fix="run it once for each",
        )
    if inputs.to_version and inputs.to_commit:
        raise UsageError(
            "`to-version` and `to-commit` exclude each other", fix="give the one that is meant"
        )
    check_access(
        inputs.repository,
        inputs.token,
        rights=_READS if inputs.list or inputs.dry_run else WRITE_RIGHTS,
    )
    return inputs


def _commit(text: str) -> str:
    if not text or _COMMIT.fullmatch(text.lower()):
        return text.lower()
    raise UsageError(
        "The input `to-commit` is not valid",
        cause=f"{text!r} is no commit id",
        fix="give at least the first 7 digits",
    )
