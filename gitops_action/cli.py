"""The same commands for a terminal: every input is a flag of the same name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence

from gitops_action.adapters.workflow import ActionsReporter, Reporter, TerminalReporter
from gitops_action.app.arguments import Arguments, parse_arguments, read_secret
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
        return session.run(lambda: _request(parse_arguments(arguments), around, redactor))
    except BrokenPipeError:
        return EXIT_FAILURE  # whoever read our output has gone; there is nobody to tell
    except SystemExit:
        return 0  # help or version was asked for and given


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
        around.stdout.write(f"{json.dumps(clean, ensure_ascii=True, indent=2)}\n")
        around.stdout.flush()

    return write
