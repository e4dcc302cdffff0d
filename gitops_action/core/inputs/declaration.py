"""What an input and an output are: the form of the one declaration of our interface."""

from __future__ import annotations

from typing import Literal, get_args

from gitops_action.core.dataclass import dataclass

Kind = Literal["text", "raw", "flag", "choice", "names", "lines", "url", "repository", "secret"]

Topic = Literal["What changes", "How it is proposed", "Reporting", "Where", "Access"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
"""What inputs are about; the help and the reference are ordered by it."""

GRAMMAR: dict[Kind, str] = {
    "text": "one value; white space around it is dropped",
    "raw": "one value, kept with the white space around it",
    "flag": "`true`, `True`, `TRUE`, `false`, `False` or `FALSE`",
    "choice": "one of the values listed",
    "names": "names, one a line or separated by commas",
    "lines": "one entry a line; empty lines and lines that begin with `#` are skipped",
    "url": "an `https://` or `http://` address without user and password",
    "repository": "`OWNER/NAME`",
    "secret": "a secret; on the command line from the environment or a file, never as a flag",
}
"""How each kind of input is written, for the reference and for error messages."""

REPEATABLE: frozenset[Kind] = frozenset({"names", "lines"})
"""Kinds whose flag may be given several times; the values are joined by line breaks."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of one or more commands.

    Attributes:
        name: as in `with:` and, with two dashes, as a flag.
        help: what it is for; one or two sentences of Markdown.
        topic: what it is about.
        kind: how it is written and read.
        default: the value when nothing is given.
        default_help: the default in words, where it depends on the surroundings.
        runner_default: the expression that `action.yml` gives as the default.
        choices: what a `choice` may be.
        variables: environment variables that stand in for a secret, first come first served.
        several_lines: a secret that is the content of a file.
        group: the heading of `--help` that it stands under, where that is not its topic.
    """

    name: str
    help: str
    topic: Topic
    kind: Kind = "text"
    default: str = ""
    default_help: str = ""
    runner_default: str = ""
    choices: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    several_lines: bool = False
    group: str = ""

    @property
    def field(self) -> str:
        """The name of the attribute that holds the value."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """The command line's flag; secrets have one for a file only."""
        return f"--{self.name}-file" if self.kind == "secret" else f"--{self.name}"

    @property
    def required(self) -> bool:
        """Whether it has to be given where it stands as a word of its own."""
        return not (self.default or self.default_help)

    @property
    def word(self) -> str:
        """How the help names it where it stands as a word of its own."""
        return "|".join(self.choices) or self.name.upper()

    @property
    def grammar(self) -> str:
        """How the value is written, in words."""
        if self.kind == "choice":
            return " \\| ".join(f"`{choice}`" for choice in self.choices)
        return GRAMMAR[self.kind]


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output of a command; all outputs are text, JSON where `help` says so."""

    name: str
    help: str


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command: its name, what it does, and what goes in and out.

    Attributes:
        name: as `command` names it and as the command line's first word.
        help: what it does; one sentence.
        inputs: what goes in by `with:` or as a flag.
        outputs: what comes out.
        positional: what goes in as a word of its own, in this order: `config check`. One without
            a default has to be given.
        terminal_only: it is no value of the action's `command`, because it is of use to a person
            at a terminal alone. Only such a command has positional arguments.
    """

    name: str
    help: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    positional: tuple[Input, ...] = ()
    terminal_only: bool = False

    @property
    def everything(self) -> tuple[Input, ...]:
        """What goes in, whichever way."""
        return (*self.positional, *self.inputs)

    def find(self, name: str) -> Input | None:
        """The input of that name, if the command has it."""
        return next((item for item in self.everything if item.name == name), None)
