"""`OWNER/gitops-action/<command>`: an action for each command, with its own inputs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_action.app.action import read_request
from gitops_action.core.inputs import ACTION_COMMANDS, Command
from gitops_action.core.inputs.values import variable

ROOT = Path(__file__).resolve().parents[2]


def action(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(
        (folder / "action.yml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    return found


def environment(found: dict[str, Any], **given: str) -> dict[str, str]:
    """What the runner sets: the action's own variables, defaults, and what is given."""
    defaults = {name: one.get("default", "") for name, one in found["inputs"].items()}
    inputs = {variable(name): text for name, text in {**defaults, **given}.items()}
    own: dict[str, str] = found["runs"].get("env", {})
    return {**inputs, **own}


@pytest.mark.parametrize("command", ACTION_COMMANDS, ids=lambda one: one.name)
def test_it_has_the_commands_inputs_and_outputs(command: Command) -> None:
    found = action(ROOT / command.name)
    assert list(found["inputs"]) == [item.name for item in command.inputs]
    assert list(found.get("outputs", {})) == [item.name for item in command.outputs]
    for item in command.inputs:
        assert found["inputs"][item.name]["description"] == item.help
        default = item.runner_default or item.default
        assert found["inputs"][item.name].get("default", "") == default


@pytest.mark.parametrize("command", ACTION_COMMANDS, ids=lambda one: one.name)
def test_it_runs_that_command_as_the_main_action_does(command: Command) -> None:
    own, main = action(ROOT / command.name), action(ROOT)
    request = read_request(environment(own))
    assert request.command is command
    given = {"command": command.name}
    same = read_request({**environment(main, **given)})
    assert {name: request.given.get(name) for name in own["inputs"]} == {
        name: same.given.get(name) for name in own["inputs"]
    }
    assert request.remarks == ()


def test_all_run_the_image_of_the_main_action() -> None:
    image = action(ROOT)["runs"]["image"]
    for command in ACTION_COMMANDS:
        runs = action(ROOT / command.name)["runs"]
        assert runs["using"] == "docker"
        assert (ROOT / command.name / runs["image"]).resolve() == (ROOT / image).resolve()


def test_no_action_is_left_of_a_command_that_does_not_exist() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/action.yml")}
    assert folders == {command.name for command in ACTION_COMMANDS}
