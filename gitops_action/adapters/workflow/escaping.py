"""Workflow commands as text: building them, and keeping other text from being one.

The runner reads commands from stdout and stderr: `::name key=value::data` at the start of a line
(white space before it is skipped) and the older `##[name key=value]data` anywhere in a line
(actions/runner, `ActionCommand`).
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Mapping
from typing import TextIO

from gitops_action.core.pattern import pattern

# Unicode's "Default_Ignorable_Code_Point" beyond the category Cf: variation selectors, fillers.
_IGNORABLE = pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
_PLAIN = pattern(r"[\n\t -~]*")
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


def escape_data(text: str) -> str:
    """Text that may follow the second `::`."""
    return _replace(text, _DATA)


def escape_property(text: str) -> str:
    """Text that may be the value of a property."""
    return _replace(text, _PROPERTY)


def command(name: str, data: str = "", properties: Mapping[str, str] | None = None) -> str:
    """One workflow command as a line without its end; empty properties are left out."""
    given = {key: value for key, value in (properties or {}).items() if value}
    pairs = ",".join(f"{key}={escape_property(value)}" for key, value in given.items())
    return f"::{name}{' ' if pairs else ''}{pairs}::{escape_data(data)}"


def printable(text: str) -> str:
    """Text without control and format characters: no terminal escapes, no hidden direction.

    Line breaks and tabs stay. Format characters (zero-width, bidirectional) and others that
    Unicode lets programs ignore go because the runner's comparison of text may skip them and see
    a command where we see none.
    """
    if _PLAIN.fullmatch(text):
        return text  # nearly all text is, and going through its letters takes long
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf"} else ""
        for letter in _IGNORABLE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    )


def harmless(text: str) -> str:
    """Text for the log that the runner takes for no command, still readable."""
    return "\n".join(_harmless_line(line) for line in printable(text).splitlines())


def _harmless_line(line: str) -> str:
    line = line.replace("##[", "## [")
    if line.lstrip().startswith("::"):
        return line.replace("::", ": :", 1)
    return line


def _replace(text: str, mapping: tuple[tuple[str, str], ...]) -> str:
    for letter, code in mapping:
        text = text.replace(letter, code)
    return text


# A stream that lets no known secret pass, also from libraries that write to it.


class RedactingStream(io.TextIOBase):
    """Passes whole lines on, cleaned; what has no end yet waits for it or for `close_line`."""

    def __init__(self, target: TextIO, clean: Callable[[str], str]) -> None:
        """Write to `target`, which stays open, what `clean` makes of each line."""
        super().__init__()
        self._target = target
        self._clean = clean
        self._pending = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """As the target is."""
        return self._target.isatty()

    def write(self, text: str) -> int:
        """Pass on every line that is complete."""
        lines, end, self._pending = (self._pending + text).rpartition("\n")
        if end:
            for line in lines.split("\n"):
                self._target.write(f"{self._clean(line)}\n")
        return len(text)

    def flush(self) -> None:
        """Flush what was passed on; half a line could hold half a secret and stays."""
        self._target.flush()

    def close_line(self) -> None:
        """Pass on the rest."""
        rest, self._pending = self._pending, ""
        self._target.write(self._clean(rest))
        self._target.flush()
