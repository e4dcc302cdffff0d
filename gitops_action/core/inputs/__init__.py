"""The one declaration of every input and output, and the ways to read them."""

from __future__ import annotations

from gitops_action.core.inputs.bump import BumpInputs, bump_inputs
from gitops_action.core.inputs.bump_interface import BUMP
from gitops_action.core.inputs.catalogue import (
    ACTION_COMMANDS,
    COMMAND,
    COMMANDS,
    DEFAULT_COMMAND,
    command_named,
    every_input,
    every_secret,
)
from gitops_action.core.inputs.declaration import Command, Input, Output
from gitops_action.core.inputs.deploy import DEPLOY, DeployInputs, deploy_inputs
from gitops_action.core.inputs.tag import TAG, TagInputs, tag_inputs
from gitops_action.core.inputs.validate import VALIDATE, ValidateInputs, validate_inputs
from gitops_action.core.inputs.values import Values, check_values, nearest, split_names

__all__ = [
    "ACTION_COMMANDS",
    "BUMP",
    "COMMAND",
    "COMMANDS",
    "DEFAULT_COMMAND",
    "DEPLOY",
    "TAG",
    "VALIDATE",
    "BumpInputs",
    "Command",
    "DeployInputs",
    "Input",
    "Output",
    "TagInputs",
    "ValidateInputs",
    "Values",
    "bump_inputs",
    "check_values",
    "command_named",
    "deploy_inputs",
    "every_input",
    "every_secret",
    "nearest",
    "split_names",
    "tag_inputs",
    "validate_inputs",
]
