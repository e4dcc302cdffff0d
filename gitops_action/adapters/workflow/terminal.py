"""The surface of a person at a terminal: plain words on stderr, coloured where it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from gitops_action.adapters.workflow.escaping import printable
from gitops_action.core.outcome import Level, Line, Notice, Part, Tone, plain
from gitops_action.core.redaction.known import Redactor

_STYLES: dict[Level, str] = {"notice": "cyan", "warning": "yellow", "error": "bold red"}
_TONES: dict[Tone, str] = {
    "strong": "bold",
    "old": "red",
    "new": "green",
    "quiet": "dim",
    "link": "underline blue",
}


class TerminalReporter:
    """Writes for people; outputs and summary belong to Actions and are not repeated here.

    Args:
        stream: where people read.
        redactor: knows the secrets of this run.
        colour: style the words, which needs a terminal.
    """

    def __init__(self, *, stream: TextIO, redactor: Redactor, colour: bool) -> None:
        """Load the styling library only where it is used."""
        self._stream = stream
        self._redactor = redactor
        self._colour = colour

    def log(self, text: str) -> None:
        """Write lines."""
        self._write((Part(text=text),))

    def line(self, line: Line) -> None:
        """Write one line in its colours."""
        self._write((Part(text=plain(line)),) if isinstance(line, str) else line)

    def notice(self, notice: Notice, *, title: str = "") -> None:
        """Write `level: place: title`, and what more there is to say below it, indented."""
        head = ": ".join(part for part in (str(notice.location or ""), title) if part)
        text = notice.text.replace("\n", "\n  ")
        between = "\n  " if title else ": " if head else ""
        self._write((Part(text=f"{head}{between}{text}"),), level=notice.level)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Write the title above."""
        self.log(title)
        yield

    @contextmanager
    def untrusted(self) -> Iterator[None]:
        """A terminal has no commands once control characters are gone."""
        yield

    def mask(self, secret: str) -> None:
        """Know it, so that it is not shown."""
        self._redactor.add(secret)

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """People read the lines; programs ask for JSON."""

    def summary(self, markdown: str) -> None:
        """People read the lines; programs ask for JSON."""

    def close(self) -> None:
        """Nothing is held back."""

    def _write(self, parts: tuple[Part, ...], *, level: Level | None = None) -> None:
        whole = self._clean("".join(part.text for part in parts))
        cleaned = [(self._clean(part.text), _TONES.get(part.tone, "")) for part in parts]
        if "".join(text for text, _ in cleaned) != whole:  # a secret stood across two parts
            cleaned = [(whole, "")]
        if level:
            cleaned.insert(0, (f"{level}: ", _STYLES[level]))
        if self._colour:
            self._styled(cleaned)
        else:
            self._stream.write("".join(text for text, _ in cleaned) + "\n")
        self._stream.flush()

    def _clean(self, text: str) -> str:
        return printable(self._redactor.clean(text))

    def _styled(self, parts: list[tuple[str, str]]) -> None:
        from rich.console import Console  # noqa: PLC0415 - 0.1 s that only a terminal needs
        from rich.text import Text  # noqa: PLC0415 - same

        console = Console(file=self._stream, force_terminal=True, soft_wrap=True, highlight=False)
        console.print(Text.assemble(*parts))
