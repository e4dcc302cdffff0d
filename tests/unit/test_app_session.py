"""A run from request to exit code, with runners that end in every way there is."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gitops_action.adapters.workflow import ActionsReporter, TerminalReporter
from gitops_action.app.action import read_request
from gitops_action.app.session import RunRequest, Session
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.app.tools import Context
from gitops_action.core.inputs import BUMP, Values
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.errors import GitOpsError, GitOpsErrors, Location, UsageError

TOKEN = "ghs_planted0123456789"


class Run:
    """One run in a job whose runner files are real files."""

    def __init__(
        self, folder: Path, runner: Callable[[Values, Context], Outcome], **environ: str
    ) -> None:
        self.output, self.summary = folder / "output", folder / "summary"
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        inputs = {"INPUT_IMAGES": "a:1", "INPUT_TOKEN": TOKEN}
        self.around = ProcessEnvironment(
            environ={"GITHUB_ACTIONS": "true", **files, **inputs, **environ},
            stdin=io.StringIO(),
            stdout=io.StringIO(),
            stderr=io.StringIO(),
        )
        self.documents: list[Mapping[str, object]] = []
        redactor = self.around.redactor()
        reporter = ActionsReporter(
            stream=self.around.stdout, environ=self.around.environ, redactor=redactor
        )
        session = Session(
            around=self.around,
            redactor=redactor,
            reporter=reporter,
            document=lambda document: self.documents.append(redactor.clean_tree(document)),  # type: ignore[arg-type]
            runners={"bump": runner, "tag": runner},
        )
        self.code = session.run(lambda: read_request(self.around.environ))

    @property
    def log(self) -> str:
        """Both streams: the runner reads both."""
        streams = self.around.stdout, self.around.stderr
        return "".join(stream.getvalue() for stream in streams if isinstance(stream, io.StringIO))

    @property
    def everything(self) -> str:
        """Whatever left the process."""
        files = [path.read_text() for path in (self.output, self.summary) if path.exists()]
        return self.log + "".join(files) + json.dumps(self.documents)


def raising(error: BaseException) -> Callable[[Values, Context], Outcome]:
    """A runner that ends that way."""

    def runner(_values: Values, _context: Context) -> Outcome:
        raise error

    return runner


def test_an_outcome_reaches_every_reporter(tmp_path: Path) -> None:
    outcome = Outcome(
        outputs={"changed": "true", "plan": "[]"},
        headline="web v1 → v2",
        lines=("a.yaml:3: newTag",),
        summary="# Bump",
        notices=(Notice(level="warning", text="careful", location=Location(file="a", line=1)),),
        data={"plan": []},
    )
    run = Run(tmp_path, lambda _values, _context: outcome)
    assert run.code == 0
    assert "::warning file=a,line=1::careful\nweb v1 → v2\na.yaml:3: newTag\n" in run.log
    assert "changed<<" in run.output.read_text()
    assert run.summary.read_text() == "# Bump\n"
    assert run.documents[0]["outputs"] == {"changed": "true", "plan": "[]"}
    assert run.documents[0]["data"] == {"plan": []}


def test_an_outcome_may_be_a_failure(tmp_path: Path) -> None:
    run = Run(tmp_path, lambda _v, _c: Outcome(outputs={}, headline="no", exit_code=1))
    assert run.code == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (GitOpsError("It failed", cause="so", fix="do"), 1),
        (UsageError("It is wrong", cause="so", fix="do"), 2),
        (RuntimeError("boom"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(tmp_path: Path, error: BaseException, code: int) -> None:
    run = Run(tmp_path, raising(error))
    assert run.code == run.documents[0]["exit_code"] == code
    assert "::error" in run.log
    assert "failed" in run.summary.read_text()
    assert ("Traceback" in run.log) == (code == 3)
    assert not run.output.exists()


def test_an_error_is_annotated_at_its_place(tmp_path: Path) -> None:
    place = Location(file="apps/web.yaml", line=7, column=2)
    run = Run(tmp_path, raising(GitOpsError("Bad", cause="so", fix="do", location=place)))
    assert "::error file=apps/web.yaml,line=7,col=2,title=Bad::so%0AFix: do\n" in run.log


def test_several_errors_are_all_told(tmp_path: Path) -> None:
    errors = tuple(GitOpsError(f"fault {number}") for number in range(12))
    run = Run(tmp_path, raising(GitOpsErrors("Several", errors)))
    for number in range(12):
        assert f"fault {number}" in run.log
        assert f"fault {number}" in run.summary.read_text()
    listed = run.documents[0]["errors"]
    assert isinstance(listed, list)
    assert len(listed) == 12


def test_a_bug_says_where_to_report_it(tmp_path: Path) -> None:
    run = Run(tmp_path, raising(ValueError(TOKEN)), GITHUB_ACTION_REPOSITORY="acme/action")
    assert "https://github.com/acme/action/issues/new" in run.log
    assert "::stop-commands::" in run.log
    assert "ValueError" in run.log


@pytest.mark.parametrize(
    "error",
    [
        GitOpsError(f"a {TOKEN}", cause=TOKEN, fix=TOKEN, location=Location(file=TOKEN)),
        RuntimeError(f"https://x-access-token:{TOKEN}@github.com"),
    ],
)
def test_a_planted_token_is_nowhere(tmp_path: Path, error: Exception) -> None:
    run = Run(tmp_path, raising(error))
    assert "planted" not in run.everything
    assert "***" in run.everything


def test_libraries_that_print_are_filtered_too(tmp_path: Path) -> None:
    def chatty(_values: Values, context: Context) -> Outcome:
        context.redactor.add("derived-secret")
        sys.stdout.write("::error::from a library derived-")
        sys.stdout.write("secret\n")
        sys.stderr.write(f"no line end {TOKEN}")
        return Outcome(outputs={}, headline="done")

    run = Run(tmp_path, chatty)
    assert "::error" not in run.log
    assert "from a library ***\n" in run.log
    assert "no line end ***" in run.log
    assert "secret" not in run.log


def test_sigterm_ends_the_run_as_ctrl_c_does(tmp_path: Path) -> None:
    tidied: list[str] = []

    def terminated(_values: Values, _context: Context) -> Outcome:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            tidied.append("yes")
        return Outcome(outputs={}, headline="never")

    before = signal.getsignal(signal.SIGTERM)
    run = Run(tmp_path, terminated)
    assert (run.code, tidied) == (130, ["yes"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_inputs_that_do_nothing_are_warned_about(tmp_path: Path) -> None:
    environ = {"INPUT_TAGS": "x"}
    run = Run(tmp_path, lambda _v, _c: Outcome(outputs={}, headline="done"), **environ)
    assert "::warning::The input `tags` does nothing for `bump`." in run.log


def test_an_input_that_does_not_exist_stops_the_run(tmp_path: Path) -> None:
    """A misspelt `dry-run` must not write."""
    run = Run(tmp_path, raising(AssertionError()), INPUT_DRY_RUN="true")
    assert run.code == 2
    assert "There is no input `dry_run`" in run.log
    assert "did you mean `dry-run`?" in run.log


def test_an_unknown_command_is_told_with_the_nearest(tmp_path: Path) -> None:
    run = Run(tmp_path, raising(AssertionError()), INPUT_COMMAND="bumb")
    assert run.code == 2
    assert "did you mean `bump`?" in run.log


def test_defaults_come_from_the_job() -> None:
    request = read_request({"INPUT_IMAGES": "a:1"})
    assert (request.command.name, request.given) == ("bump", {"images": "a:1"})


def test_terminals_get_words_without_control_characters() -> None:
    stream = io.StringIO()
    around = ProcessEnvironment(
        environ={"GH_TOKEN": TOKEN}, stdin=io.StringIO(), stdout=io.StringIO(), stderr=stream
    )
    redactor = around.redactor()
    reporter = TerminalReporter(stream=stream, redactor=redactor, colour=True)
    error = GitOpsError(f"\x1b]0;{TOKEN}\x07title", cause="so", location=Location(file="a", line=1))
    session = Session(
        around=around, redactor=redactor, reporter=reporter, runners={"bump": raising(error)}
    )
    assert session.run(lambda: RunRequest(command=BUMP, given={"images": "a:1"})) == 1
    text = stream.getvalue()
    assert "a:1: ]0;***title\n  so" in text
    assert "\x1b]" not in text
    assert "\x07" not in text
