"""Reads the command line by the declaration of the inputs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from gitops_action import __version__
from gitops_action.app.completion import COMPLETION_FLAG, SHELLS, completion
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import COMMANDS, Command, Input, nearest
from gitops_action.core.inputs.declaration import REPEATABLE, TOPICS
from gitops_action.core.inputs.values import BOOLEANS
from gitops_action.errors import UsageError

# What the command line looks like: commands, flags and words, made from the declaration.

PROGRAM = "gitops-action"


class _Parser(argparse.ArgumentParser):
    """Raises our error instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(
            "The command line is not valid", cause=message, fix=f"see `{self.prog} --help`"
        )


class TextRequested(SystemExit):
    """A text is to be printed, and nothing run.

    Attributes:
        text: what was asked for.
    """

    def __init__(self, text: str) -> None:
        """Take the text."""
        super().__init__(0)
        self.text = text


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
        epilog=f"`{PROGRAM} COMMAND --help` lists the flags of a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument(
        COMPLETION_FLAG, metavar="|".join(SHELLS), help="print the shell's completion script"
    )
    listed = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for command in commands:
        listed.add_parser(command.name, help=command.help)
    return parser


def command_parser(command: Command) -> argparse.ArgumentParser:
    """The parser of what follows a command."""
    words = "".join(f" {_requested(item)}" for item in command.positional)
    parser = _Parser(
        prog=f"{PROGRAM} {command.name}",
        usage=f"{PROGRAM} {command.name}{words} [flags]",
        description=command.help,
        epilog=_examples(command),
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    for item in command.positional:
        parser.add_argument(item.name, nargs="?", metavar=item.word, help=_help(item))
    parser.add_argument(
        "--json", action="store_true", help="print the outcome as one JSON document on stdout"
    )
    headings = dict.fromkeys((*TOPICS, *(item.group for item in command.inputs if item.group)))
    for heading in headings:
        group = parser.add_argument_group(heading)
        for item in command.inputs:
            if (item.group or item.topic) == heading:
                _add_flag(group, item)
    return parser


class _HelpFormatter(argparse.HelpFormatter):
    """Keeps the lines of the examples as they are written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_EXAMPLES_TITLE):
            return "\n".join(f"{indent}{line}" for line in text.splitlines())
        return super()._fill_text(text, width, indent)


_EXAMPLES_TITLE = "examples:"
EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "bump": (
        "bump --repository acme/environment --images ghcr.io/acme/web:v1.2.3",
        "bump --mode local --dry-run --images ghcr.io/acme/web:v1.2.3",
    ),
    "tag": ("tag --images ghcr.io/acme/web --tags type=semver,pattern={{version}}",),
    "validate": (
        "validate --verify off",
        "validate --repository acme/environment --pull-request 42",
    ),
    "deploy": ("deploy --environment staging --dry-run", "deploy --pending"),
    "gate": ("gate --repository acme/environment --merge never",),
    "promote": ("promote --repository acme/environment --to-environment production",),
    "rollback": (
        "rollback --repository acme/environment --environment production --list",
        "rollback --repository acme/environment --environment production --application web",
        "rollback --repository acme/environment --environment production --to-version v1.2.2",
    ),
    "hold": (
        "hold --repository acme/environment --action list",
        "hold --action add --environment production --until 2h --reason incident",
        "hold --action add --environment production --image ghcr.io/acme/web:v1.2.3",
        "hold --action remove --environment production",
    ),
    "history": ("history --environment production",),
    "drift": ("drift --environment production",),
    "comment": ("comment --repository acme/environment --comment-id 123456",),
    "status": (
        "status --repository acme/environment",
        "status --repository acme/environment --format html --output status.html",
    ),
    "config": (
        "config check",
        "config check --remote --repository acme/environment",
        "config show --environment production",
    ),
    "init": (
        "init environment --owner acme",
        "init workflow --owner acme --name web",
        "init config --dry-run",
        "init kubeconfig --account staging-deployer --namespace staging",
    ),
}
"""What people run first, by command; without the program's name."""


_MEANT: Mapping[str, str] = {
    "freeze": "hold --action add",
    "unfreeze": "hold --action remove",
    "unhold": "hold --action remove",
    "revert": "rollback",
    "undo": "rollback",
}
"""Words of comments and of other programs, with the command that does it here."""


def _examples(command: Command) -> str | None:
    lines = EXAMPLES.get(command.name, ())
    if not lines:
        return None  # of a command that a test makes up
    return "\n".join((_EXAMPLES_TITLE, *(f"  {PROGRAM} {line}" for line in lines)))


def _requested(item: Input) -> str:
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
    stop = "" if default.endswith(".`") else "."
    parts = [item.help, f"Default: {default}{stop}" if default else ""]
    if item.kind == "secret":
        parts.append(f"From the environment: {', '.join(item.variables)}; `-` reads stdin.")
    return " ".join(filter(None, parts)).replace("`", "").replace("%", "%%")


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
    """Suggest the nearest command for a misspelt one, before anything is parsed."""
    names = tuple(command.name for command in commands)
    first = arguments[0] if arguments else ""
    if first in names:
        return commands[names.index(first)]
    if first == COMPLETION_FLAG:
        _complete(arguments[1:], commands)
    if first in {"-h", "--help", "--version"}:
        overview(commands).parse_args([first])
    if not first or first.startswith("-"):
        raise _no_command(names)
    close = _MEANT.get(first) or nearest(first, names)
    raise UsageError(
        f"There is no command {first!r}",
        fix=f"did you mean `{PROGRAM} {close}`?" if close else f"see `{PROGRAM} --help`",
    )


def _complete(words: Sequence[str], commands: Sequence[Command]) -> NoReturn:
    """Give the script of a shell in place of a run, as `--help` does.

    Raises:
        TextRequested: with the script.
    """
    if len(words) != 1 or words[0] not in SHELLS:
        raise UsageError(
            f"`{PROGRAM} {COMPLETION_FLAG}` is missing its shell",
            cause=f"it is one of {', '.join(SHELLS)}",
            fix=f"write `{PROGRAM} {COMPLETION_FLAG} {SHELLS[0]}`",
        )
    raise TextRequested(completion(words[0], PROGRAM, commands))


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
    """A missing or misspelt word is reported with what was expected."""
    start = f"{PROGRAM} {command.name}"
    if not text and item.required:
        one = f"one of {', '.join(item.choices)}" if item.choices else item.help
        raise UsageError(
            f"`{start}` is not complete",
            cause=f"a word has to follow: {one}",
            fix=f"write `{start} {item.word}`, or see `{start} --help`",
        )
    if text and item.choices and text not in item.choices:
        close = nearest(text, item.choices)
        listed = f"write one of {', '.join(item.choices)}"
        raise UsageError(
            f"There is no `{start} {text}`",
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
        fix=f"name each value by its flag, and put one that has spaces in quotes; see"
        f" `{PROGRAM} {command.name} --help`",
    )


# Secrets for the command line: from a file or standard input, never from an argument.

STDIN = "-"


def read_secret(name: str, path: str, stdin: TextIO) -> str:
    """The content of the file, or of standard input for `-`, without the line break at its end.

    Raises:
        UsageError: it cannot be read or is empty.
    """
    try:
        text = stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise _unusable(name, path, str(reason)) from None
    if not text.strip():
        raise _unusable(name, path, "it is empty")
    return text.strip()


def _unusable(name: str, path: str, cause: str) -> UsageError:
    return UsageError(
        f"`--{name}-file` cannot be used",
        cause=f"{'standard input' if path == STDIN else path}: {cause}",
        fix="name a file that holds the secret, or `-` for standard input",
    )
