"""What a command's caller looks like from inside: a job's log or a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from gitops_action.core.outcome import Line, Notice


class Reporter(Protocol):
    """Where results, notices and errors go. Text may be anybody's: each surface escapes it."""

    def log(self, text: str) -> None:
        """Write plain lines."""
        ...

    def line(self, line: Line) -> None:
        """Write one line, by its tones where this surface has colours."""
        ...

    def notice(self, notice: Notice, *, title: str = "") -> None:
        """Show a notice, a warning or an error where people see it."""
        ...

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold the lines that are written inside."""
        ...

    def untrusted(self) -> AbstractContextManager[None]:
        """Let nothing that is written inside be taken for a command."""
        ...

    def mask(self, secret: str) -> None:
        """Hide a secret that later steps are handed from their logs."""
        ...

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Hand over the outputs."""
        ...

    def summary(self, markdown: str) -> None:
        """Add to the page that sums up the job."""
        ...

    def close(self) -> None:
        """Write what was held back."""
        ...
