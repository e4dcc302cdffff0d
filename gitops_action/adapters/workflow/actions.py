"""The surface of a workflow job: commands on the log, files for outputs and the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Protocol, TextIO

from gitops_action.adapters.workflow.escaping import command, harmless, printable
from gitops_action.core.dataclass import dataclass
from gitops_action.core.outcome import Level, Line, Notice, plain
from gitops_action.core.pattern import pattern
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import GitOpsError

# The limit of a job summary: what is too long is cut between blocks, and says so.

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of Markdown a step may give (GitHub's documentation, "Adding a job summary")."""

_NOTE = """
> [!NOTE]
> The summary is cut here: it is longer than a job summary may be. The log has all of it.
"""
_FENCES = ("```", "~~~")
_CLOSING = "\n</details>\n"


def shorten(markdown: str, limit: int) -> str:
    """The Markdown in at most `limit` bytes of UTF-8.

    Whole blocks (paragraphs, lists, tables, fenced code) are kept from the start, open
    `<details>` are closed, and a note ends it. Empty when not even the note fits.
    """
    if len(markdown.encode()) <= limit:
        return markdown
    kept, size, depth = "", len(_NOTE.encode()), 0
    if size > limit:
        return ""
    for block in _blocks(markdown):
        size += len(block.encode())
        inner = depth + block.count("<details") - block.count("</details>")
        if size + max(inner, 0) * len(_CLOSING) > limit:
            break
        kept, depth = kept + block, inner
    return kept + _CLOSING * max(depth, 0) + _NOTE


def _blocks(markdown: str) -> list[str]:
    """Cut after blank lines outside of fenced code; joined again they are the text."""
    blocks, current, fence = [], "", ""
    for line in markdown.splitlines(keepends=True):
        current += line
        start = line.strip()[:3]
        if start in _FENCES and (not fence or start == fence):
            fence = "" if fence else start
        if not line.strip() and not fence:
            blocks.append(current)
            current = ""
    return [*blocks, current] if current else blocks


# The runner's file commands: outputs, variables, state, path and summary.

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class FileCommands:
    """Writes to the files that the runner names in the job's environment.

    Attributes:
        environ: where the runner names them; a file that it does not name is not written.
        delimiter: a new text each time that no value can foresee.
    """

    environ: Mapping[str, str]
    delimiter: Callable[[], str]

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Set outputs of the step."""
        self._append("GITHUB_OUTPUT", self._pairs(outputs))

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set environment variables for the later steps of the job."""
        self._append("GITHUB_ENV", self._pairs(variables))

    def save_state(self, state: Mapping[str, str]) -> None:
        """Keep values for the action's own post step."""
        self._append("GITHUB_STATE", self._pairs(state))

    def add_path(self, folder: str) -> None:
        """Put a folder in front of the later steps' PATH."""
        if "\n" in folder or "\r" in folder:
            raise ValueError("a folder on PATH has no line break")
        self._append("GITHUB_PATH", f"{folder}\n")

    def add_summary(self, markdown: str) -> None:
        """Add to the job summary, cut where the limit of the step would be passed."""
        named = self.environ.get("GITHUB_STEP_SUMMARY")
        if not named or not markdown:
            return
        path = Path(named)
        used = path.stat().st_size if path.exists() else 0
        text = shorten(f"{markdown.rstrip()}\n", SUMMARY_LIMIT - used)
        self._append("GITHUB_STEP_SUMMARY", text)

    def _pairs(self, values: Mapping[str, str]) -> str:
        return "".join(self._pair(name, value) for name, value in values.items())

    def _pair(self, name: str, value: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a name for an output or variable")
        delimiter = self.delimiter()
        if delimiter in value:
            raise ValueError("the delimiter is part of the value")
        return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"

    def _append(self, variable: str, text: str) -> None:
        path = self.environ.get(variable)
        if not path or not text:
            return
        try:
            with Path(path).open("a", encoding="utf-8", errors="replace", newline="") as stream:
                stream.write(text)
        except OSError as error:
            raise GitOpsError(
                f"{variable} could not be written",
                cause=f"{path}: {error.strerror}",
                fix="let the step's user write to the runner's file",
            ) from error


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


class ActionsReporter:
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
