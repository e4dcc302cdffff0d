"""What the command line looks like: commands, flags and words, made from the declaration."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from gitops_action import __version__
from gitops_action.core.inputs import Command, Input
from gitops_action.core.inputs.declaration import REPEATABLE, TOPICS
from gitops_action.errors import UsageError

PROGRAM = "gitops-action"


class _Parser(argparse.ArgumentParser):
    """Raises our error instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            "The command line is not valid", cause=message, fix=f"see `{self.prog} --help`"
        )


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


def overview(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """The parser of `--help` and `--version` without a command."""
    parser = _Parser(
        prog=PROGRAM,
        description="GitOps on GitHub: from a pushed tag to a verified deployment, by pull"
        " requests.",
        epilog=f"`{PROGRAM} COMMAND --help` tells a command's flags.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    listed = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in commands:
        listed.add_parser(command.name, help=command.help)
    return parser


def command_parser(command: Command) -> argparse.ArgumentParser:
    """The parser of what follows a command."""
    words = "".join(f" {_wanted(item)}" for item in command.positional)
    parser = _Parser(
        prog=f"{PROGRAM} {command.name}",
        usage=f"{PROGRAM} {command.name}{words} [flags]",
        description=command.help,
        allow_abbrev=False,
    )
    for item in command.positional:
        parser.add_argument(item.name, nargs="?", metavar=item.word, help=_help(item))
    parser.add_argument(
        "--json", action="store_true", help="print the outcome as one JSON document on stdout"
    )
    for topic in TOPICS:
        group = parser.add_argument_group(topic)
        for item in command.inputs:
            if item.topic == topic:
                _add_flag(group, item)
    return parser


def _wanted(item: Input) -> str:
    return item.word if item.required else f"[{item.word}]"


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


def _help(item: Input) -> str:
    default = item.default_help or (f"`{item.default}`" if item.default else "")
    parts = [item.help, f"Default: {default}." if default else ""]
    if item.kind == "secret":
        parts.append(f"From the environment: {', '.join(item.variables)}; `-` reads stdin.")
    return " ".join(filter(None, parts)).replace("`", "").replace("%", "%%")
