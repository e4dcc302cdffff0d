"""One run of one command: from its request to an exit code, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field

from gitops_action.adapters.workflow import RedactingStream, Surface
from gitops_action.adapters.workflow.escaping import harmless
from gitops_action.app.commands import RUNNERS, Context, Runners, execute
from gitops_action.app.failure import describe
from gitops_action.app.interrupts import interruptible
from gitops_action.app.present import show_failure, show_outcome
from gitops_action.app.retries import told_retries
from gitops_action.app.surroundings import Surroundings
from gitops_action.core.inputs import Command
from gitops_action.core.outcome import Notice
from gitops_action.core.redact import Redactor


@dataclass(frozen=True, kw_only=True)
class Request:
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

    around: Surroundings
    redactor: Redactor
    surface: Surface
    document: Callable[[Mapping[str, object]], None] | None = None
    runners: Runners = field(default_factory=lambda: RUNNERS)

    def run(self, read: Callable[[], Request]) -> int:
        """Read the request, run the command, tell how it went; gives the exit code.

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

    def _run(self, read: Callable[[], Request]) -> int:
        command = ""
        try:
            with interruptible(), told_retries(self.surface):
                request = read()
                command = request.command.name
                for remark in request.remarks:
                    self.surface.notice(Notice(level="warning", text=remark))
                context = Context(
                    environ=self.around.environ,
                    redactor=self.redactor,
                    surface=self.surface,
                    terminal=None if self.document else self.around.terminal,
                )
                outcome = execute(request.command, request.given, context, self.runners)
                show_outcome(command, outcome, self.surface, self.document)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told below, none is lost
            failure = describe(error, command, self.around.environ)
            show_failure(failure, self.surface, self.document)
            return failure.exit_code
        if outcome.printed and self.document is None:
            print(outcome.printed)  # noqa: T201 - what was asked for, through the filter
        return outcome.exit_code

    def _clean(self, text: str) -> str:
        return harmless(self.redactor.clean(text))
