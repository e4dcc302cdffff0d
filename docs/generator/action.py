"""`action.yml`: what GitHub knows of the action."""

from __future__ import annotations

import json

from gitops_action.core.inputs import (
    ACTION_COMMANDS,
    COMMAND,
    Command,
    Input,
    Output,
    every_input,
)
from gitops_action.core.inputs.values import variable

_HEAD = """# Made by `make docs` from gitops_action/core/inputs. Change it there.
name: gitops-action
description: 'GitOps on GitHub: from a pushed tag to a verified deployment, by pull requests.'
author: gitops-action
branding:
  icon: git-pull-request
  color: blue
"""
_TAIL = """runs:
  using: docker
  image: Dockerfile
"""


def render() -> str:
    """The file. Texts are written as JSON strings, which YAML reads as they are."""
    inputs = "".join(_input(item) for item in every_input())
    outputs = "".join(_output(item, users) for item, users in _outputs())
    return f"{_HEAD}inputs:\n{inputs}outputs:\n{outputs}{_TAIL}"


_COMMAND_HEAD = """# Made by `make docs` from gitops_action/core/inputs. Change it there.
name: gitops-action {name}
description: {about}
author: gitops-action
inputs:
"""
_COMMAND_TAIL = """runs:
  using: docker
  image: ../Dockerfile
  env:
    {variable}: {name}
"""


def render_command(command: Command) -> str:
    """The file of an action that runs this command alone, with its own inputs."""
    head = _COMMAND_HEAD.format(name=command.name, about=_text(command.help, ""))
    inputs = "".join(_input(item, _text(item.help, "")) for item in command.inputs)
    lines = (
        f"  {item.name}:\n    description: {_text(item.help, '')}\n" for item in command.outputs
    )
    outputs = "".join(lines)
    tail = _COMMAND_TAIL.format(name=command.name, variable=variable(COMMAND.name))
    return f"{head}{inputs}{'outputs:' + chr(10) if outputs else ''}{outputs}{tail}"


def _input(item: Input, description: str = "") -> str:
    description = description or _description(item)
    lines = [f"  {_key(item.name)}:", f"    description: {description}", "    required: false"]
    if item.runner_default or item.default:
        lines.append(f"    default: {json.dumps(item.runner_default or item.default)}")
    return "".join(f"{line}\n" for line in lines)


def _key(name: str) -> str:
    """In quotes where YAML 1.1 reads it as a truth value."""
    return f'"{name}"' if name in {"yes", "no", "on", "off", "y", "n"} else name


def _description(item: Input) -> str:
    """One text for all commands, or each command's own with its name before it."""
    texts = {
        command.name: found.help
        for command in ACTION_COMMANDS
        if (found := command.find(item.name)) is not None
    }
    if len(set(texts.values())) > 1:
        return _text("; ".join(f"{name}: {text}" for name, text in texts.items()), "")
    scope = f" ({', '.join(texts)})" if 0 < len(texts) < len(ACTION_COMMANDS) else ""
    return _text(item.help, scope)


def _outputs() -> list[tuple[Output, list[str]]]:
    found: dict[str, tuple[Output, list[str]]] = {}
    for command in ACTION_COMMANDS:
        for item in command.outputs:
            found.setdefault(item.name, (item, []))[1].append(command.name)
    return list(found.values())


def _output(item: Output, users: list[str]) -> str:
    scope = f" ({', '.join(users)})"
    return f"  {item.name}:\n    description: {_text(item.help, scope)}\n"


def _text(text: str, scope: str) -> str:
    return json.dumps(f"{text}{scope}", ensure_ascii=False)
