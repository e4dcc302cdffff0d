"""The surface of a workflow job: commands on the log, files for outputs and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from secrets import token_hex
from typing import Protocol, TextIO

from gitops_action.adapters.workflow.escaping import command, harmless, printable
from gitops_action.adapters.workflow.files import FileCommands
from gitops_action.core.outcome import Level, Line, Notice, plain
from gitops_action.core.redact import Redactor

ANNOTATION_LIMIT = 10
"""Annotations of one level that GitHub keeps per step (actions/toolkit, problem matchers)."""

_TEXT_LIMIT = 4000
"""Characters of one annotation; the runner cuts at 4,096."""


class Chance(Protocol):
    """Gives a new text that nobody can foresee."""

    def __call__(self) -> str:
        """The text."""
        ...


def random_delimiter() -> str:
    """128 bits from the system's source of randomness."""
    return f"gitops_{token_hex(16)}"


class ActionsSurface:
    """Speaks the Actions protocol to the runner.

    Args:
        stream: the log; the runner reads commands from stdout and from stderr.
        environ: names the runner's files.
        redactor: knows the secrets of this run.
        chance: delimiters and tokens that output cannot foresee.
    """

    def __init__(
        self,
        *,
        stream: TextIO,
        environ: Mapping[str, str],
        redactor: Redactor,
        chance: Chance = random_delimiter,
    ) -> None:
        """Hold nothing back yet."""
        self._stream = stream
        self._files = FileCommands(environ=environ, delimiter=chance)
        self._redactor = redactor
        self._chance = chance
        self._told: Counter[Level] = Counter()
        self._held: list[tuple[Notice, str]] = []

    def log(self, text: str) -> None:
        """Write lines that the runner takes for no commands."""
        self._write(harmless(self._redactor.clean(text)))

    def line(self, line: Line) -> None:
        """Write its text: logs are searched and copied more than looked at."""
        self.log(plain(line))

    def notice(self, notice: Notice, *, title: str = "") -> None:
        """Annotate; from the tenth of a level on they wait to be folded into one."""
        if self._told[notice.level] >= ANNOTATION_LIMIT - 1:
            self._held.append((notice, title))
            return
        self._annotate(notice, title)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is written inside."""
        self._command("group", printable(title))
        try:
            yield
        finally:
            self._command("endgroup")

    @contextmanager
    def untrusted(self) -> Iterator[None]:
        """Switch commands off for what is written inside, by a token nobody can foresee."""
        token = self._chance()
        self._command("stop-commands", token)
        try:
            yield
        finally:
            self._write(f"::{token}::")

    def mask(self, secret: str) -> None:
        """Mask a secret, and each of its lines: the log is searched line by line.

        Meant for secrets that we made or fetched for later steps. Inputs are not masked this
        way: the command itself carries the secret, and our own output never does.
        """
        for part in dict.fromkeys((secret, *secret.splitlines())):
            if part.strip():
                self._write(command("add-mask", part))
        self._redactor.add(secret)

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Set the step's outputs."""
        clean = {name: self._redactor.clean(value) for name, value in outputs.items()}
        self._files.set_outputs(clean)

    def summary(self, markdown: str) -> None:
        """Add to the job summary."""
        self._files.add_summary(self._redactor.clean(markdown))

    def close(self) -> None:
        """Write the annotations that were held back: alone, or several of a level as one."""
        held, self._held = self._held, []
        for level in dict.fromkeys(notice.level for notice, _ in held):
            same = [(notice, title) for notice, title in held if notice.level == level]
            if len(same) == 1:
                self._annotate(*same[0])
                continue
            lines = [_one_line(notice, title) for notice, title in same]
            folded = Notice(level=level, text="\n".join(lines))
            self._annotate(folded, f"{len(same)} more of this kind")
            self.log("\n".join(lines))

    def _annotate(self, notice: Notice, title: str) -> None:
        self._told[notice.level] += 1
        place = notice.location
        text = printable(notice.text)
        if len(text) > _TEXT_LIMIT:
            text = f"{text[:_TEXT_LIMIT]}…"
        properties = {
            "file": place.file if place else "",
            "line": str(place.line or "") if place else "",
            "col": str(place.column or "") if place else "",
            "title": printable(title),
        }
        self._command(notice.level, text, properties)

    def _command(self, name: str, data: str = "", properties: Mapping[str, str] = {}) -> None:
        clean = {key: self._redactor.clean(value) for key, value in properties.items()}
        self._write(command(name, self._redactor.clean(data), clean))

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()


def _one_line(notice: Notice, title: str) -> str:
    parts = [str(notice.location or ""), title, notice.text.replace("\n", " ")]
    return ": ".join(part for part in parts if part)
