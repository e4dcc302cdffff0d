"""The same commands for a terminal: every input is a flag of the same name."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from gitops_action.adapters.workflow import ActionsReporter, Reporter, TerminalReporter
from gitops_action.app.arguments import (
    Arguments,
    TextRequested,
    parse_arguments,
    read_secret,
)
from gitops_action.app.session import RunRequest, Session
from gitops_action.app.surroundings import ProcessEnvironment, of_this_process
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import EXIT_FAILURE


def main(argv: Sequence[str] | None = None, around: ProcessEnvironment | None = None) -> int:
    """Run the command line; gives the process' exit code."""
    around = around or of_this_process()
    arguments = list(sys.argv[1:] if argv is None else argv)
    redactor = around.redactor()
    session = Session(
        around=around,
        redactor=redactor,
        reporter=_reporter(around, redactor),
        document=_document(around, redactor) if "--json" in arguments else None,
    )
    try:
        try:
            code = session.run(lambda: _request(parse_arguments(arguments), around, redactor))
        except TextRequested as requested:
            around.stdout.write(requested.text)
            code = 0
        except _OutputLostError as lost:
            raise lost.error from None
        except SystemExit:
            code = 0  # help or version was asked for and given
        around.stdout.flush()
    except BrokenPipeError:
        _leave(around)
        return EXIT_FAILURE  # the reader of our output has gone
    except OSError as error:
        _leave(around)
        with suppress(OSError):
            around.stderr.write(f"error: the output could not be written: {error.strerror}\n")
        return EXIT_FAILURE
    return code


class _OutputLostError(SystemExit):
    """The document could not be written: no fault of the command that it is about."""

    def __init__(self, error: OSError) -> None:
        super().__init__(EXIT_FAILURE)
        self.error = error


def _leave(around: ProcessEnvironment) -> None:
    """Send what is still buffered nowhere: the interpreter would fail on it at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, around.stdout.fileno())
        os.close(nowhere)


def _request(arguments: Arguments, around: ProcessEnvironment, redactor: Redactor) -> RunRequest:
    given = dict(arguments.given)
    for name, path in arguments.secret_files.items():
        given[name] = read_secret(name, path, around.stdin)
        redactor.add(given[name])
    return RunRequest(command=arguments.command, given=given)


def _reporter(around: ProcessEnvironment, redactor: Redactor) -> Reporter:
    """In a job the runner reads stderr too, so stdout stays free for the document."""
    if around.in_actions:
        return ActionsReporter(stream=around.stderr, environ=around.environ, redactor=redactor)
    colour = around.stderr.isatty() and "NO_COLOR" not in around.environ
    return TerminalReporter(stream=around.stderr, redactor=redactor, colour=colour)


def _document(
    around: ProcessEnvironment, redactor: Redactor
) -> Callable[[Mapping[str, object]], None]:
    def write(document: Mapping[str, object]) -> None:
        clean = redactor.clean_tree(document)
        try:
            around.stdout.write(f"{json.dumps(clean, ensure_ascii=True, indent=2)}\n")
            around.stdout.flush()
        except OSError as error:
            raise _OutputLostError(error) from None

    return write
