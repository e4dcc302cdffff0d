"""Starting real programs: what comes back, what is shown, what is ended."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from gitops_action.adapters.process import ArgumentError, CommandLine, ProcessError, Runner
from gitops_action.core.redaction.known import Redactor

ENVIRON = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
SECRET = "planted-secret"


def runner(timeout: float = 30) -> Runner:
    return Runner(environ=ENVIRON, redact=Redactor([SECRET]).clean, timeout=timeout)


def python(code: str, *operands: str) -> CommandLine:
    return CommandLine(program=sys.executable, values=(("-c", code),), operands=operands)


def test_bytes_come_back_as_they_are() -> None:
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read() + b'\\xff\\0b\\n\\0')"
    result = runner().run(python(code), stdin=b"a\0")
    assert result.stdout == b"a\0\xff\0b\n\0"
    assert result.fields() == ("a", os.fsdecode(b"\xff"), "b\n")
    assert result.exit_code == 0


def test_the_environment_is_given_and_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "yes")
    code = "import os; print(os.environ.get('LEAKED'), os.environ.get('ADDED'))"
    assert runner().run(python(code), environ={"ADDED": "1"}).stdout == b"None 1\n"


def test_a_failure_shows_the_command_and_its_last_words(tmp_path: Path) -> None:
    code = f"import sys; print(*range(9), '{SECRET}', sep='\\n', file=sys.stderr); sys.exit(4)"
    with pytest.raises(ProcessError) as caught:
        runner().run(python(code), cwd=tmp_path)
    text = str(caught.value)
    assert caught.value.exit_status == 4
    assert "exit code 4" in text
    assert "\n  8\n  ***" in text
    assert sys.executable in text
    assert SECRET not in text


def test_other_exit_codes_can_be_answers() -> None:
    result = runner().run(python("raise SystemExit(1)"), accept=frozenset({0, 1}))
    assert result.exit_code == 1


def test_arguments_are_no_shell() -> None:
    result = runner().run(python("import sys; print(sys.argv[1])", "$(id); `id` | x"))
    assert result.stdout == b"$(id); `id` | x\n"


def test_a_missing_program_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="no-such-program is not there"):
        runner().run(CommandLine(program="no-such-program"))
    with pytest.raises(ProcessError, match="gone is not there"):
        runner().run(python(""), cwd=tmp_path / "gone")


def test_a_zero_byte_in_an_argument_is_an_error() -> None:
    with pytest.raises(ArgumentError, match="NUL"):
        CommandLine(program="git", operands=("a\0b",))


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time, pathlib; time.sleep(1.5); pathlib.Path({str(mark)!r}).touch()"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]);"
    started = time.monotonic()
    with pytest.raises(ProcessError, match=r"longer than 0\.5 s"):
        runner(timeout=0.5).run(python(f"{code} time.sleep(60)"))
    assert time.monotonic() - started < 10
    time.sleep(max(0.0, 2.2 - (time.monotonic() - started)))
    assert not mark.exists()


def test_one_that_ignores_sigterm_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitops_action.adapters.process._GRACE", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    started = time.monotonic()
    with pytest.raises(ProcessError, match="took longer"):
        runner(timeout=0.5).run(python(code))
    assert time.monotonic() - started < 10
