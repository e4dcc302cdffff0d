"""Reads the command line by the declaration of the inputs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from gitops_action import __version__
from gitops_action.core.inputs import COMMANDS, Command, Input, command_named, nearest
from gitops_action.core.inputs.declaration import REPEATABLE, TOPICS
from gitops_action.errors import UsageError

PROGRAM = "gitops-action"
_NAMES = tuple(command.name for command in COMMANDS)


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The command, its inputs as text, and the files that hold its secrets."""

    command: Command
    given: Mapping[str, str]
    secret_files: Mapping[str, str]


class _Parser(argparse.ArgumentParser):
    """Raises our error instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            "The command line is not valid", cause=message, fix=f"see `{self.prog} --help`"
        )


def parse_arguments(arguments: Sequence[str]) -> Arguments:
    """Read the arguments; `--help` and `--version` are answered on stdout and end the process.

    Raises:
        UsageError: a command or flag is not known, or lacks its value. Values are never shown.
        SystemExit: help or version was asked for.
    """
    _check_command(arguments)
    options, rest = _build_parser().parse_known_args(list(arguments))
    command = command_named(options.command)
    if command is None:
        raise _no_command()
    if rest:
        raise _unknown(command, rest[0])
    found: Mapping[str, list[str] | None] = vars(options)
    texts = {item: found.get(item.name) for item in command.inputs}
    given = {item: "\n".join(values) for item, values in texts.items() if values is not None}
    return Arguments(
        command=command,
        given={item.name: text for item, text in given.items() if item.kind != "secret"},
        secret_files={item.name: text for item, text in given.items() if item.kind == "secret"},
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="GitOps on GitHub: from a pushed tag to a verified deployment, by pull"
        " requests.",
        epilog=f"`{PROGRAM} COMMAND --help` tells a command's flags.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in COMMANDS:
        _add_command(
            commands.add_parser(
                command.name,
                usage=f"{PROGRAM} {command.name} [flags]",
                help=command.help,
                description=command.help,
                allow_abbrev=False,
            ),
            command,
        )
    return parser


def _add_command(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print the outcome as one JSON document on stdout"
    )
    for topic in TOPICS:
        items = [item for item in command.inputs if item.topic == topic]
        group = parser.add_argument_group(topic)
        for item in items:
            _add_flag(group, item)


def _add_flag(group: argparse._ArgumentGroup, item: Input) -> None:
    text = _help(item)
    once = "append" if item.kind in REPEATABLE else _Once
    if item.kind == "flag":
        group.add_argument(
            item.flag, dest=item.name, nargs="?", const="true", action=once, metavar="BOOL",
            help=text,
        )  # fmt: skip
        return
    metavar = "FILE" if item.kind == "secret" else item.kind.upper()
    if item.choices:
        metavar = "|".join(item.choices)
    group.add_argument(item.flag, dest=item.name, action=once, metavar=metavar, help=text)


class _Once(argparse.Action):
    """Refuses a flag that is given twice: which of the two was meant is anybody's guess."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest, None) is not None:
            parser.error(f"{option_string} is given twice")
        setattr(namespace, self.dest, [str(values)])


def _help(item: Input) -> str:
    default = item.default_help or (f"`{item.default}`" if item.default else "")
    parts = [item.help, f"Default: {default}." if default else ""]
    if item.kind == "secret":
        parts.append(f"From the environment: {', '.join(item.variables)}; `-` reads stdin.")
    return " ".join(filter(None, parts)).replace("`", "").replace("%", "%%")


def _check_command(arguments: Sequence[str]) -> None:
    """A command that is misspelt is told with the nearest one, before anything is parsed."""
    first = arguments[0] if arguments else ""
    if first in {"-h", "--help", "--version", *_NAMES}:
        return
    if not first or first.startswith("-"):
        raise _no_command()
    close = nearest(first, _NAMES)
    raise UsageError(
        f"There is no command {first!r}",
        fix=f"did you mean `{PROGRAM} {close}`?" if close else f"see `{PROGRAM} --help`",
    )


def _no_command() -> UsageError:
    return UsageError(
        "The command is missing",
        cause=f"it comes first and is one of {', '.join(_NAMES)}",
        fix=f"write `{PROGRAM} bump …`, or see `{PROGRAM} --help`",
    )


def _unknown(command: Command, argument: str) -> UsageError:
    """Names the flag, never what follows it: that could be a secret."""
    if not argument.startswith("-"):
        return UsageError(
            "There is an argument without a flag",
            cause=f"`{PROGRAM} {command.name}` takes flags only",
            fix="put a value that has spaces in quotes",
        )
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
