"""One run of one command: from its request to an exit code, whatever happens in between."""

from __future__ import annotations

import logging
import re
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import field, replace
from types import FrameType

from gitops_action import __version__
from gitops_action.adapters.workflow import RedactingStream, Reporter
from gitops_action.adapters.workflow.escaping import harmless
from gitops_action.app.commands import RUNNERS, Runners, execute
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.app.tools import Context
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import COMMANDS, Command
from gitops_action.core.inputs.declaration import Input
from gitops_action.core.outcome import Notice, Outcome, Part
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import EXIT_BUG, EXIT_INTERRUPTED, GitOpsError, GitOpsErrors

# What a run that did not end well says: expected errors, interruptions, bugs.


@dataclass(frozen=True, kw_only=True)
class RunFailure:
    """A failed run.

    Attributes:
        command: what was run; empty when that was not known yet.
        exit_code: by the table of the documentation.
        error: reporting first.
        errors: the single errors where several were found.
        traceback: for bugs only.
    """

    command: str
    exit_code: int
    error: GitOpsError
    errors: tuple[GitOpsError, ...] = ()
    traceback: str = ""


def describe(error: BaseException, command: str, environ: Mapping[str, str]) -> RunFailure:
    """Turn whatever ended the run into its report."""
    if isinstance(error, GitOpsErrors):
        return RunFailure(
            command=command, exit_code=error.exit_code, error=error, errors=error.errors
        )
    if isinstance(error, GitOpsError):
        return RunFailure(command=command, exit_code=error.exit_code, error=error)
    if isinstance(error, KeyboardInterrupt):
        interrupted = GitOpsError(
            "Interrupted",
            cause="the run was stopped from outside",
            fix="run it again: it goes on from the state it finds",
        )
        return RunFailure(command=command, exit_code=EXIT_INTERRUPTED, error=interrupted)
    return RunFailure(
        command=command,
        exit_code=EXIT_BUG,
        error=_bug(error, environ),
        traceback="".join(traceback.format_exception(error)),
    )


def _bug(error: BaseException, environ: Mapping[str, str]) -> GitOpsError:
    import platform  # noqa: PLC0415 - only a bug report needs it

    action = environ.get("GITHUB_ACTION_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    where = f"{server}/{action}/issues/new" if action else "the issue tracker of gitops-action"
    versions = f"gitops-action {__version__}, Python {platform.python_version()}"
    return GitOpsError(
        "This is a bug in gitops-action",
        cause=f"{type(error).__name__}: {error}",
        fix=f"report it at {where} with the traceback of the log and: {versions}",
    )


# Signals that end a run: both reach the code as the same exception, so that it can tidy up.


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM (a cancelled job, `docker stop`) end the block as Ctrl-C does.

    Only a program's main thread may set handlers; elsewhere the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# Lays outcomes and failures out on a surface, and as one JSON document.

Document = Callable[[Mapping[str, object]], None]


def show_outcome(
    command: str, outcome: Outcome, reporter: Reporter, document: Document | None
) -> None:
    """Outputs first: they must be there even when a later surface fails.

    The lines come last, so that a terminal ends with the address to open.
    """
    reporter.outputs(outcome.outputs)
    reporter.summary(outcome.summary)
    for notice in outcome.notices:
        reporter.notice(notice)
    reporter.line((Part(text=outcome.headline, tone="strong"),))
    for line in outcome.lines:
        reporter.line(line)
    reporter.close()
    if document:
        document(
            {
                "command": command,
                "exit_code": outcome.exit_code,
                "headline": outcome.headline,
                "outputs": dict(outcome.outputs),
                "notices": [_notice_json(notice) for notice in outcome.notices],
                "data": outcome.data,
            }
        )


_INPUT = re.compile(r"`(?P<name>[a-z][a-z-]*)(?:: (?P<value>[^`\s]+))?`")


def at_terminal(failure: RunFailure) -> RunFailure:
    """The failure with fixes that name flags, where a job's would name inputs.

    What is about a file names its keys, and stays.
    """
    inputs = {item.name: item for command in COMMANDS if command.name == failure.command
              for item in command.inputs}  # fmt: skip

    def flag(found: re.Match[str]) -> str:
        item = inputs.get(found["name"])
        if item is None:
            return found[0]
        if item.kind == "secret":  # never a flag
            return " or ".join(
                (*(_exported(item, name) for name in item.variables[:1]), f"`{item.flag}`")
            )
        value = f" {found['value']}" if found["value"] else ""
        return f"`--{found['name']}{value}`"

    for error in (failure.error, *failure.errors):
        if error.location is None:
            error.fix = _INPUT.sub(flag, error.fix)
    return failure


def _exported(item: Input, variable: str) -> str:
    """A secret's variable, with an example of where a person gets a token for GitHub."""
    example = f' (`export {variable}="$(gh auth token)"`)' if item.name == "token" else ""
    return f"`{variable}`{example}"


def show_failure(failure: RunFailure, reporter: Reporter, document: Document | None) -> None:
    """Every error as an annotation with its place, the whole as a summary."""
    if failure.traceback:
        with reporter.group("Traceback"), reporter.untrusted():
            reporter.log(failure.traceback)
    for error in failure.errors or (failure.error,):
        text = _sentences(error) or error.title
        notice = Notice(level="error", text=text, location=error.location)
        reporter.notice(notice, title=error.title if text != error.title else "")
    reporter.summary(_summary(failure))
    reporter.close()
    if document:
        document(
            {
                "command": failure.command,
                "exit_code": failure.exit_code,
                "error": _error_json(failure.error),
                "errors": [_error_json(error) for error in failure.errors],
            }
        )


def _sentences(error: GitOpsError) -> str:
    fix = f"Fix: {error.fix}" if error.fix else ""
    return "\n".join(part for part in (error.cause, fix) if part)


def _summary(failure: RunFailure) -> str:
    """Markdown in which foreign text stands in code blocks only."""
    blocks = [f"### gitops-action{f' {failure.command}' if failure.command else ''} failed"]
    for error in failure.errors or (failure.error,):
        place = f"{error.location}: " if error.location else ""
        text = "\n".join(part for part in (f"{place}{error.title}", _sentences(error)) if part)
        blocks.append(_code(text))
    return "\n\n".join(blocks)


def _code(text: str) -> str:
    """A code block; indented, because no text can close such a block."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def _error_json(error: GitOpsError) -> dict[str, object]:
    place = error.location
    return {
        "title": error.title,
        "cause": error.cause,
        "fix": error.fix,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _notice_json(notice: Notice) -> dict[str, object]:
    place = notice.location
    return {
        "level": notice.level,
        "text": notice.text,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }


# Shows people while they wait that a request is tried again, and why.

_LOGGER = "stamina"
"""Where stamina reports each retry that it schedules (its "Instrumentation" chapter)."""

_REPR = re.compile(r"\w+\((['\"])(?P<text>.*)\1\)", re.DOTALL)
"""`SomeError('its message')`, the way stamina writes down a cause."""


class _Telling(logging.Handler):
    """Makes a sentence of stamina's record."""

    def __init__(self, reporter: Reporter) -> None:
        """Show it on this surface."""
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        told = record.__dict__
        wait, number = told.get("stamina.wait_for", 0), told.get("stamina.retry_num", 1)
        cause = str(told.get("stamina.caused_by", ""))
        found = _REPR.fullmatch(cause)
        why = found["text"] if found else cause
        self._reporter.log(f"{why}; retry {number} in {wait:.1f} s")


@contextmanager
def told_retries(reporter: Reporter) -> Iterator[None]:
    """Show retries on the surface while the block runs; Python's own messages say nothing."""
    logger, handler = logging.getLogger(_LOGGER), _Telling(reporter)
    passed_on, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = passed_on


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A command with its inputs' texts as given, and remarks about how they were given."""

    command: Command
    given: Mapping[str, str]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Session:
    """Where a run takes place.

    Attributes:
        around: environment and streams.
        redactor: knows the secrets, grows with those that are read later.
        surface: where people look.
        document: takes the outcome as one JSON-serialisable value; None when nobody asked.
        runners: what runs each command.
    """

    around: ProcessEnvironment
    redactor: Redactor
    reporter: Reporter
    document: Callable[[Mapping[str, object]], None] | None = None
    runners: Runners = field(default_factory=lambda: RUNNERS)

    def run(self, read: Callable[[], RunRequest]) -> int:
        """Read the request, run the command, report the result; gives the exit code.

        Libraries that write to the process' own streams pass through the same filter.
        """
        streams = [
            RedactingStream(stream, self._clean)
            for stream in (self.around.stdout, self.around.stderr)
        ]
        try:
            with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
                return self._run(read)
        finally:
            for stream in streams:
                stream.close_line()

    def _run(self, read: Callable[[], RunRequest]) -> int:
        command = ""
        try:
            with interruptible(), told_retries(self.reporter):
                request = read()
                command = request.command.name
                for remark in request.remarks:
                    self.reporter.notice(Notice(level="warning", text=remark))
                context = Context(
                    environ=self.around.environ,
                    redactor=self.redactor,
                    reporter=self.reporter,
                    terminal=None if self.document else self.around.terminal,
                )
                outcome = execute(request.command, request.given, context, self.runners)
                self._show(command, outcome)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - reported below, none is lost
            failure = describe(error, command, self.around.environ)
            shown = failure if self.around.in_actions else at_terminal(failure)
            show_failure(shown, self.reporter, self.document)
            return failure.exit_code
        if outcome.printed and self.document is None:
            self._print(outcome.printed)
        return outcome.exit_code

    def _show(self, command: str, outcome: Outcome) -> None:
        """What was found is a person's result: on stdout, a page at a time where it is long."""
        if self.document or self.around.in_actions:
            show_outcome(command, outcome, self.reporter, self.document)
            return
        from gitops_action.adapters.workflow.pager import (  # noqa: PLC0415 - terminals alone
            overflows,
            show_report,
        )

        if outcome.report:
            report, rest = outcome.report, replace(outcome, lines=(), notices=())
        elif self.around.stderr.isatty() and overflows(outcome.lines, self.around.stdout):
            report, rest = outcome.lines, replace(outcome, lines=())
        else:
            report, rest = (), outcome
        if report:
            show_report(report, self.around.stdout, self.around.environ, self.redactor)
        show_outcome(command, rest, self.reporter, None)

    def _print(self, text: str) -> None:
        """What was asked for, through the filter; by a pager for a person."""
        from gitops_action.adapters.workflow.pager import show_text  # noqa: PLC0415 - terminals alone

        show_text(f"{self._clean(text)}\n", self.around.stdout, self.around.environ)

    def _clean(self, text: str) -> str:
        return harmless(self.redactor.clean(text))
