"""The surface of a person at a terminal: plain words on stderr, coloured where it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from gitops_action.adapters.workflow.escaping import printable
from gitops_action.core.outcome import Level, Notice
from gitops_action.core.redact import Redactor

_STYLES: dict[Level, str] = {"notice": "cyan", "warning": "yellow", "error": "bold red"}


class TerminalSurface:
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
        self._write("", text)

    def notice(self, notice: Notice, *, title: str = "") -> None:
        """Write `level: place: title: text`."""
        parts = [str(notice.location or ""), title, notice.text]
        self._write(notice.level, ": ".join(part for part in parts if part), style=notice.level)

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

    def _write(self, label: str, text: str, *, style: Level | None = None) -> None:
        clean = printable(self._redactor.clean(text))
        if style is None or not self._colour:
            self._stream.write(f"{label}{': ' if label else ''}{clean}\n")
        else:
            self._styled(label, clean, _STYLES[style])
        self._stream.flush()

    def _styled(self, label: str, text: str, style: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - 0.1 s that only a terminal needs
        from rich.text import Text  # noqa: PLC0415 - same

        console = Console(file=self._stream, force_terminal=True, soft_wrap=True, highlight=False)
        console.print(Text.assemble((f"{label}: ", style), text))
