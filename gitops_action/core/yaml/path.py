"""Where a value stands in a file: the path grammar of `set`.

`spec.images[name=web].newTag`, `containers[0].image`, `"dotted.key".x`, `[[1]]metadata.name`:
keys joined by dots, quoted where they hold other characters than a plain key, `[n]` the item at
an index (from 0), `[field=value]` the one item whose field reads so, `[[n]]` in front the document
of a file with several (from 0, the default).
"""

from __future__ import annotations

import re

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.errors import GitOpsError, UsageError

_BARE = pattern(r"[^\s.\[\]\"'=]+")
_VALUE = pattern(r"[^\]\"']+")
_DOCUMENT = pattern(r"\[\[([0-9]{1,6})\]\]\.?")
_INDEX = pattern(r"\[([0-9]{1,9})\]")
_QUOTED = pattern(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Match:
    """The step to the one item of a list whose `field` reads `value`."""

    field: str
    value: str

    def __str__(self) -> str:
        """As the grammar writes it: `[name=web]`."""
        return f"[{_key(self.field)}={_value(self.value)}]"


Step = str | int | Match


@dataclass(frozen=True, kw_only=True)
class YamlPath:
    """A document of a file and the steps from its root; concrete when no step is a `Match`."""

    document: int = 0
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        """As the `set` grammar writes it."""
        text = "".join(
            f"[{step}]" if isinstance(step, int) else str(step) if isinstance(step, Match)
            else f".{_key(step)}"
            for step in self.steps
        )  # fmt: skip
        return (f"[[{self.document}]]" if self.document else "") + text.removeprefix(".")

    def child(self, *steps: Step) -> YamlPath:
        """The path of something inside."""
        return YamlPath(document=self.document, steps=self.steps + steps)


def parse_path(text: str) -> YamlPath:
    """Read a path as people write it in `set`.

    Raises:
        UsageError: it does not follow the grammar; the cause points at the character.
    """
    head = _DOCUMENT.match(text)
    document, position = (int(head[1]), head.end()) if head else (0, 0)
    steps: list[Step] = []
    while position < len(text):
        if text[position] == "[":
            step, position = _bracket(text, position)
        else:
            if steps:
                position = _expect(text, position, ".")
            step, position = _name(text, position, _BARE, "a key")
        steps.append(step)
    if not steps:
        raise _error(text, position, "a key")
    return YamlPath(document=document, steps=tuple(steps))


def _bracket(text: str, position: int) -> tuple[Step, int]:
    index = _INDEX.match(text, position)
    if index:
        return int(index[1]), index.end()
    field, position = _name(text, position + 1, _BARE, "an index or field=value")
    position = _expect(text, position, "=")
    value, position = _name(text, position, _VALUE, "a value")
    return Match(field=field, value=value), _expect(text, position, "]")


def _name(text: str, position: int, bare: re.Pattern[str], what: str) -> tuple[str, int]:
    quoted = _QUOTED.match(text, position)
    if quoted and quoted[1] is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), quoted.end()
    if quoted:
        return quoted[2].replace("''", "'"), quoted.end()
    match = bare.match(text, position)
    if not match:
        raise _error(text, position, what)
    return match.group(), match.end()


def _expect(text: str, position: int, character: str) -> int:
    if text[position : position + 1] != character:
        raise _error(text, position, f"{character!r}")
    return position + 1


def _error(text: str, position: int, expected: str) -> UsageError:
    caret = " " * position + "^"
    return UsageError(
        "path does not follow the grammar",
        cause=f"expected {expected} at column {position + 1}:\n{text}\n{caret}",
        fix='write key.key, "dotted.key", [index], [field=value]; [[n]] in front: document n',
    )


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quote(text)


def _value(text: str) -> str:
    return text if _VALUE.fullmatch(text) else _quote(text)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# What can go wrong with a YAML or JSON file, each with its place, cause and fix.


class YamlSyntaxError(GitOpsError):
    """The file is not YAML (or JSON) that every parser reads the same way."""


class PathNotFoundError(UsageError):
    """A path names something that the file does not hold; keys are never created."""


class EditRefusedError(GitOpsError):
    """The edit cannot be made without guessing or without changing something else."""


class EditProofError(GitOpsError):
    """The edited bytes do not read as planned; nothing is written."""


class ComposeError(Exception):
    """A problem at a position; the caller knows the file."""

    def __init__(self, problem: str, fix: str, index: int) -> None:
        """Keep the parts apart."""
        super().__init__(problem)
        self.fix = fix
        self.index = index
