"""Reads the command line by the declaration of the inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitops_action.app.command_line import PROGRAM, command_parser, overview
from gitops_action.core.inputs import COMMANDS, Command, Input, nearest
from gitops_action.core.inputs.values import BOOLEANS
from gitops_action.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command, its inputs as text, and the files that hold its secrets."""

    command: Command
    given: Mapping[str, str]
    secret_files: Mapping[str, str]


def parse_arguments(arguments: Sequence[str], commands: Sequence[Command] = COMMANDS) -> Arguments:
    """Read the arguments; `--help` and `--version` are answered on stdout and end the process.

    Args:
        arguments: what follows the program's name.
        commands: what there is to choose from.

    Raises:
        UsageError: a command, flag or word is not known, or a value is lacking. Values of flags
            are never shown.
        SystemExit: help or version was asked for.
    """
    command = _command(arguments, commands)
    parser = command_parser(command)
    # Words may stand before, between and after the flags.
    options, rest = parser.parse_known_intermixed_args(_apart(command, arguments[1:]))
    if rest:
        raise _unknown(command, next((text for text in rest if text.startswith("-")), rest[0]))
    found: Mapping[str, list[str] | str | None] = vars(options)
    words = {item.name: str(found[item.name] or "") for item in command.positional}
    for item in command.positional:
        _check_word(command, item, words[item.name])
    texts = {item: found.get(item.name) for item in command.inputs}
    given = {item: "\n".join(values) for item, values in texts.items() if values is not None}
    return Arguments(
        command=command,
        given={name: text for name, text in words.items() if text}
        | {item.name: text for item, text in given.items() if item.kind != "secret"},
        secret_files={item.name: text for item, text in given.items() if item.kind == "secret"},
    )


def _command(arguments: Sequence[str], commands: Sequence[Command]) -> Command:
    """A command that is misspelt is told with the nearest one, before anything is parsed."""
    names = tuple(command.name for command in commands)
    first = arguments[0] if arguments else ""
    if first in names:
        return commands[names.index(first)]
    if first in {"-h", "--help", "--version"}:
        overview(commands).parse_args([first])
    if not first or first.startswith("-"):
        raise _no_command(names)
    close = nearest(first, names)
    raise UsageError(
        f"There is no command {first!r}",
        fix=f"did you mean `{PROGRAM} {close}`?" if close else f"see `{PROGRAM} --help`",
    )


def _apart(command: Command, arguments: Sequence[str]) -> list[str]:
    """Keeps a word that follows a bare flag from being read as that flag's value."""
    if not command.positional:
        return list(arguments)
    flags = {item.flag for item in command.inputs if item.kind == "flag"}
    following = (*arguments, "true")[1:]
    return [
        f"{text}=true" if text in flags and after not in BOOLEANS else text
        for text, after in zip(arguments, following, strict=True)
    ]


def _no_command(names: Sequence[str]) -> UsageError:
    return UsageError(
        "The command is missing",
        cause=f"it comes first and is one of {', '.join(names)}",
        fix=f"write `{PROGRAM} {names[0]} …`, or see `{PROGRAM} --help`",
    )


def _check_word(command: Command, item: Input, text: str) -> None:
    """A word that is lacking or misspelt is told as what was to be written."""
    start = f"{PROGRAM} {command.name}"
    if not text and item.required:
        one = f"it is one of {', '.join(item.choices)}" if item.choices else item.help
        raise UsageError(
            f"`{start}` lacks its {item.name}",
            cause=one,
            fix=f"write `{start} {item.word}`, or see `{start} --help`",
        )
    if text and item.choices and text not in item.choices:
        close = nearest(text, item.choices)
        listed = f"write one of {', '.join(item.choices)}"
        raise UsageError(
            f"There is no {item.name} {text!r} of `{start}`",
            fix=f"did you mean `{start} {close}`?" if close else listed,
        )


def _unknown(command: Command, argument: str) -> UsageError:
    """Names the flag, never what follows it: that could be a secret."""
    if not argument.startswith("-"):
        return _stray_word(command)
    name = argument.partition("=")[0].lstrip("-")
    secret = command.find(name)
    if secret and secret.kind == "secret":
        return UsageError(
            f"There is no flag --{name}",
            cause="everybody on the machine can read the arguments of a process",
            fix=f"set {secret.variables[0]} in the environment, or use {secret.flag}",
        )
    flags = tuple(item.flag for item in command.inputs)
    close = nearest(f"--{name}", flags)
    return UsageError(
        f"There is no flag --{name} for `{command.name}`",
        fix=f"did you mean `{close}`?" if close else f"see `{PROGRAM} {command.name} --help`",
    )


def _stray_word(command: Command) -> UsageError:
    words = " and ".join(f"`{item.name}`" for item in command.positional)
    takes = f"{words} and flags" if words else "flags"
    return UsageError(
        "There is an argument without a flag",
        cause=f"`{PROGRAM} {command.name}` takes {takes} only",
        fix="put a value that has spaces in quotes",
    )
