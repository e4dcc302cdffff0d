"""The interface and the inputs of `config`, a command of the terminal."""

from __future__ import annotations

from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.common import DEFAULT_CONFIG
from gitops_action.core.inputs.declaration import Command, Input
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
    ),
    outputs=(),
    terminal_only=True,
)


@dataclass(frozen=True, kw_only=True)
class ConfigInputs:
    """The inputs of `config`, one attribute each."""

    action: Action = "check"
    working_directory: str = "."
    config: str = DEFAULT_CONFIG
    environment: tuple[str, ...] = ()
    format: Format = "yaml"


def config_inputs(values: Values) -> ConfigInputs:
    """Build the inputs of `config` from checked values.

    Raises:
        UsageError: a flag of `show` is given to `check`.
    """
    inputs = values.build(ConfigInputs)
    shows = {"--environment": bool(inputs.environment), "--format": inputs.format != "yaml"}
    stray = next((flag for flag, given in shows.items() if given), "")
    if inputs.action == "check" and stray:
        raise UsageError(
            f"`config check` has no {stray}",
            cause="it checks the whole configuration",
            fix=f"remove it, or write `gitops-action config show {stray} …`",
        )
    return inputs
