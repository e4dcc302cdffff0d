"""The interface and the inputs of `config`, a command of the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import common
from gitops_action.core.inputs.access import check_access
from gitops_action.core.inputs.common import DEFAULT_CONFIG
from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.token_permission import Level, TokenPermission
from gitops_action.core.inputs.values import Values
from gitops_action.errors import UsageError

Action = Literal["check", "show"]
Format = Literal["yaml", "json", "mermaid"]

CONFIG_COMMAND = Command(
    name="config",
    help="Checks the configuration of a checked-out environment repository, or shows what it"
    " resolves to.",
    positional=(
        Input(
            name="action",
            topic="What changes",
            kind="choice",
            choices=get_args(Action),
            help="`check`: every mistake in the configuration, in the holds, and in what they say"
            " of the repository's folders. `show`: every value with the line it comes from.",
        ),
    ),
    inputs=(
        Input(
            name="working-directory",
            topic="Where",
            help="Folder of the checkout.",
            default=".",
        ),
        Input(
            name="config",
            topic="Where",
            help="Path of the configuration file in the checkout.",
            default=DEFAULT_CONFIG,
        ),
        Input(
            name="environment",
            topic="Where",
            kind="names",
            help="Environments to show.",
            default_help="all of them",
        ),
        Input(
            name="format",
            topic="Reporting",
            kind="choice",
            choices=get_args(Format),
            default="yaml",
            help="What `show` prints: YAML with comments, one JSON document, or a Mermaid graph of"
            " the environments with their gates.",
        ),
        Input(
            name="remote",
            topic="What changes",
            kind="flag",
            default="false",
            help="`check` also reads rulesets, branch protection, CODEOWNERS, environments and"
            " rights at GitHub, and lists what can go around the gate and what stops it. What the"
            " token may not read is listed as unknown.",
        ),
        replace(
            common.REPOSITORY,
            help="The environment repository, with `remote`.",
            default_help="the job's, else that of the checkout's remote `origin`",
        ),
        replace(
            common.TOKEN,
            help="Token for `remote`; an administrator's sees everything, `metadata: read` the"
            " rules alone.",
        ),
        replace(common.BASE, help="Branch that the gate protects, with `remote`."),
        *common.ENDPOINTS,
    ),
    outputs=(),
    terminal_only=True,
)


_READS: tuple[tuple[str, Level, str, str], ...] = (
    ("metadata", "read", "read the rules of branches", ""),
    ("contents", "read", "read CODEOWNERS", "the owners of files"),
    (
        "administration",
        "write",
        "see who may bypass rulesets, the branch protection, and what runs get",
        "bypasses, branch protection, runs of forks",
    ),
    ("actions", "read", "read environments and their branches", "environments"),
    ("environments", "read", "list the names of environments' secrets", "which hold secrets"),
    ("secrets", "read", "list the names of the repository's secrets", "secrets outside"),
)
CONFIG_RIGHTS: tuple[TokenPermission, ...] = tuple(
    TokenPermission(
        command="config",
        held_by="token",
        permission=permission,
        level=level,
        purpose=purpose,
        when="`check --remote`",
        without=f"unknown: {unknown}" if unknown else "",
    )
    for permission, level, purpose, unknown in _READS
)
"""Rows of the permission matrix."""


@dataclass(frozen=True, kw_only=True)
class ConfigInputs(common.EndpointInputs):
    """The inputs of `config`, one attribute each; `base` is None for the default branch."""

    action: Action = "check"
    working_directory: str = "."
    config: str = DEFAULT_CONFIG
    environment: tuple[str, ...] = ()
    format: Format = "yaml"
    remote: bool = False
    repository: str = ""
    token: str = field(default="", repr=False)
    base: str | None = None


def config_inputs(values: Values, environ: Mapping[str, str], *, origin: str = "") -> ConfigInputs:
    """Build the inputs of `config` from checked values.

    Args:
        values: the inputs, checked one by one.
        environ: for the job's repository, which does no harm without `remote`.
        origin: the checkout's repository at GitHub, for `remote`.

    Raises:
        UsageError: a flag of `show` is given to `check` or the other way round, one of `remote`
            without it, or `remote` without a repository or token.
    """
    inputs = values.build(ConfigInputs, base=values.text("base") or None)
    shows = {"--environment": bool(inputs.environment), "--format": inputs.format != "yaml"}
    stray = next((flag for flag, given in shows.items() if given), "")
    if inputs.action == "check" and stray:
        raise UsageError(
            f"`config check` has no {stray}",
            cause="it checks the whole configuration",
            fix=f"remove it, or write `gitops-action config show {stray} …`",
        )
    if inputs.remote and inputs.action != "check":
        raise UsageError(
            f"`config {inputs.action}` has no --remote",
            fix="write `gitops-action config check --remote`",
        )
    if not inputs.remote:
        _refuse_remote_flags(inputs, environ)
        return inputs
    inputs = replace(inputs, repository=inputs.repository or origin)
    check_access(
        inputs.repository, inputs.token, rights="an administrator's right to read settings"
    )
    return inputs


def _refuse_remote_flags(inputs: ConfigInputs, environ: Mapping[str, str]) -> None:
    """What is about GitHub does nothing where GitHub is not asked."""
    of_the_job = environ.get("GITHUB_REPOSITORY", "")
    remote = {
        "--repository": inputs.repository not in {"", of_the_job},
        "--base": inputs.base is not None,
    }
    if stray := next((flag for flag, given in remote.items() if given), ""):
        raise UsageError(
            f"`config {inputs.action}` does not use {stray} without --remote",
            cause="it reads the checkout alone",
            fix=f"remove {stray}, or write `gitops-action config check --remote {stray} …`",
        )
