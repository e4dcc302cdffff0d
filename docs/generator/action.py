"""`action.yml`: what GitHub knows of the action."""

from __future__ import annotations

import json

from gitops_action.core.inputs import ACTION_COMMANDS, Input, Output, every_input

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


def _input(item: Input) -> str:
    lines = [f"  {item.name}:", f"    description: {_description(item)}", "    required: false"]
    if item.runner_default or item.default:
        lines.append(f"    default: {json.dumps(item.runner_default or item.default)}")
    return "".join(f"{line}\n" for line in lines)


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
