"""The runner's way of passing inputs: `INPUT_*` variables."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.values import nearest

_PREFIX = "INPUT_"
_OF_THE_RUNNER = frozenset({"INPUT_ARGS", "INPUT_ENTRYPOINT"})
"""`with.args` and `with.entrypoint` belong to the runner, for any container action."""


def variable(name: str) -> str:
    """The variable that carries an input.

    The runner upper-cases the name and replaces spaces by underscores; hyphens stay, as
    `@actions/core` reads them back (actions/toolkit, `getInput`).
    """
    return _PREFIX + name.replace(" ", "_").upper()


def given_inputs(inputs: tuple[Input, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Name to text of the inputs that are set and not empty."""
    texts = {item.name: environ.get(variable(item.name), "") for item in inputs}
    return {name: text for name, text in texts.items() if text}


def stray_inputs(
    command: Command, everything: tuple[Input, ...], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Sentences about inputs that are set but do nothing: misspelt ones, and other commands'.

    An input of another command is told only when it differs from its default, because the
    runner sets every default that `action.yml` names.
    """
    known = {variable(item.name): item for item in everything}
    mine = {variable(item.name) for item in command.inputs} | {variable("command")}
    notes: list[str] = []
    for key in sorted(environ):
        if not key.startswith(_PREFIX) or key in _OF_THE_RUNNER | mine:
            continue
        text = environ[key].strip()
        if key not in known:
            notes.append(_unknown(key, tuple(item.name for item in command.inputs)))
        elif text and text != known[key].default and not known[key].runner_default:
            notes.append(f"The input `{known[key].name}` does nothing for `{command.name}`.")
    return tuple(notes)


def _unknown(key: str, names: tuple[str, ...]) -> str:
    name = key.removeprefix(_PREFIX).lower()
    close = nearest(name, names)
    hint = f"; did you mean `{close}`?" if close else "."
    return f"There is no input `{name}`{hint}"
