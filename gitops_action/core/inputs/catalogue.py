"""The catalogue of commands: the one declaration that everything else is made from."""

from __future__ import annotations

from gitops_action.core.inputs.bump_interface import BUMP
from gitops_action.core.inputs.comment import COMMENT_COMMAND
from gitops_action.core.inputs.config import CONFIG_COMMAND
from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.deploy import DEPLOY
from gitops_action.core.inputs.drift import DRIFT
from gitops_action.core.inputs.gate import GATE
from gitops_action.core.inputs.history import HISTORY
from gitops_action.core.inputs.hold import HOLD
from gitops_action.core.inputs.init import INIT
from gitops_action.core.inputs.promote import PROMOTE
from gitops_action.core.inputs.rollback import ROLLBACK
from gitops_action.core.inputs.status import STATUS
from gitops_action.core.inputs.tag import TAG
from gitops_action.core.inputs.validate import VALIDATE

COMMANDS: tuple[Command, ...] = (
    BUMP,
    TAG,
    VALIDATE,
    GATE,
    COMMENT_COMMAND,
    DEPLOY,
    HOLD,
    PROMOTE,
    ROLLBACK,
    HISTORY,
    DRIFT,
    STATUS,
    CONFIG_COMMAND,
    INIT,
)
"""Every command, in the order of the reference."""

ACTION_COMMANDS = tuple(command for command in COMMANDS if not command.terminal_only)
"""Those that the action knows, too."""

DEFAULT_COMMAND = BUMP.name
COMMAND = Input(
    name="command",
    topic="What changes",
    kind="choice",
    choices=tuple(command.name for command in ACTION_COMMANDS),
    default=DEFAULT_COMMAND,
    help="What to do.",
)


def command_named(name: str) -> Command | None:
    """The command of that name."""
    return next((command for command in COMMANDS if command.name == name), None)


def every_input() -> tuple[Input, ...]:
    """Every input of the action once, in the order of the reference; `command` first."""
    inputs = {COMMAND.name: COMMAND}
    for command in ACTION_COMMANDS:
        for item in command.inputs:
            inputs.setdefault(item.name, item)
    return tuple(inputs.values())


def every_secret() -> tuple[Input, ...]:
    """Every secret of every command once."""
    secrets = {
        item.name: item for command in COMMANDS for item in command.inputs if item.kind == "secret"
    }
    return tuple(secrets.values())
