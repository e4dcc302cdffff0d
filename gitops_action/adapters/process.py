"""The only place where another program is started."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError

DEFAULT_TIMEOUT = 600.0
_SHOWN_LINES = 5
_GRACE = 5.0
_CRASH = "fatal error: "
"""What Go writes before the stacks of all goroutines, for example without memory."""


@dataclass(frozen=True, kw_only=True)
class ProcessResult:
    """What a program left behind; its output is bytes, because paths need not be text."""

    command: tuple[str, ...]
    exit_code: int
    stdout: bytes
    stderr: bytes

    def fields(self) -> tuple[str, ...]:
        """The output of a program that was asked for `-z`: parts that end in a NUL byte."""
        return tuple(os.fsdecode(part) for part in self.stdout.split(b"\0") if part)


class ProcessError(GitOpsError):
    """A program could not be started, failed, or took too long."""

    def __init__(self, title: str, *, cause: str, fix: str = "", exit_status: int | None) -> None:
        """Keep the program's exit code; None when it never ended by itself."""
        super().__init__(title, cause=cause, fix=fix)
        self.exit_status = exit_status


class ArgumentError(GitOpsError):
    """A text would be read as an option by the program that it is given to."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What keeps a program that reads other people's files away from this process.

    Attributes:
        user: the user and group that it runs as; None: ours.
        prefix: the program that starts it, which changes the user too; empty: none.
        memory: the program that bounds its memory, with its options; empty: not bounded.
        network: whether it reaches the network.
        separate: whether it cannot read the memory and environment of our processes.
    """

    user: int | None = None
    prefix: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()
    network: bool = True
    separate: bool = False

    def around(self, command: Sequence[str]) -> list[str]:
        """The command line that starts a command in it; `user` is left to who starts it."""
        return [*self.prefix, *self.memory, *command]


SandboxFinder = Callable[[], Sandbox]
"""Looks for one when it is first needed: that starts programs."""


def no_sandbox() -> Sandbox:
    """None at all."""
    return Sandbox()


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """A command line on which text from elsewhere can only be a value, never an option.

    Every program is started from one of these. `words` are literals of our own source, which
    a test checks.

    Attributes:
        program: its path, or its name on PATH.
        settings: options before the subcommand, each with its value.
        words: the subcommand, and options without a value.
        values: options that take a text; long ones are written as `--option=text`.
        operands: texts that stand by themselves.

    Raises:
        ArgumentError: an operand is empty or begins with a dash, or a text has a NUL in it.
    """

    program: str
    settings: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    operands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the program would not read as a value."""
        apart = [text for option, text in (*self.settings, *self.values) if _is_short(option)]
        for text in (*self.operands, *apart):
            if text.startswith("-"):
                raise self._refusal(text, "it would be read as an option")
        if "" in self.operands:
            raise self._refusal("", "it is empty")
        for text in self.line:
            if "\0" in text:
                raise self._refusal(text, "it has a NUL character")

    @property
    def line(self) -> tuple[str, ...]:
        """The program and its arguments."""
        return (
            self.program,
            *(part for option in self.settings for part in _written(*option)),
            *self.words,
            *(part for option in self.values for part in _written(*option)),
            *self.operands,
        )

    def _refusal(self, text: str, cause: str) -> ArgumentError:
        name = Path(self.program).name
        return ArgumentError(f"{text!r} cannot be an argument of {name}", cause=cause)


def _is_short(option: str) -> bool:
    return not option.startswith("--")


def _written(option: str, text: str) -> tuple[str, ...]:
    return (option, text) if _is_short(option) else (f"{option}={text}",)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Starts programs, never through a shell.

    Attributes:
        environ: the whole environment of the programs; ours is not inherited.
        redact: takes secrets out of text that is shown.
        timeout: seconds after which a program is ended, with everything that it started.
        sandbox: finds what keeps the program away from this process.
    """

    environ: Mapping[str, str]
    redact: Callable[[str], str]
    timeout: float = DEFAULT_TIMEOUT
    sandbox: SandboxFinder = no_sandbox

    def run(
        self,
        command: CommandLine,
        *,
        cwd: Path | None = None,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset({0}),
    ) -> ProcessResult:
        """Run a program to its end.

        Args:
            command: secrets never belong here.
            cwd: where it runs.
            stdin: what it reads.
            environ: variables to add or replace for this one program.
            accept: exit codes that are no failure.

        Raises:
            ProcessError: it is not there, ended with another exit code, or took too long.
        """
        process = self._start(command.line, cwd, {**self.environ, **(environ or {})})
        try:
            stdout, stderr = process.communicate(stdin, timeout=self.timeout)
        except subprocess.TimeoutExpired as error:
            end(process)
            cause = f"it took longer than {self.timeout:g} s"
            raise self._error(command.line, cause, None) from error
        except BaseException:
            end(process)
            raise
        if process.returncode not in accept:
            cause = f"exit code {process.returncode}{self._tail(stderr or stdout)}"
            raise self._error(command.line, cause, process.returncode)
        return ProcessResult(
            command=command.line, exit_code=process.returncode, stdout=stdout, stderr=stderr
        )

    def _start(
        self, command: Sequence[str], cwd: Path | None, environ: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        sandbox = self.sandbox()
        try:
            return subprocess.Popen(  # noqa: S603 - no shell; `CommandLine` keeps options ours
                sandbox.around(command),
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that its own children can be ended with it
                user=None if sandbox.prefix else sandbox.user,
                group=None if sandbox.prefix else sandbox.user,
                extra_groups=None if sandbox.prefix or sandbox.user is None else [],
            )
        except FileNotFoundError as error:
            missing = str(cwd) if cwd and not cwd.is_dir() else command[0]
            raise ProcessError(
                f"{missing} is not there",
                cause=f"needed for `{self._shown(command)}`",
                fix=f"install {missing} or put it on PATH" if missing == command[0] else "",
                exit_status=None,
            ) from error
        except (OSError, ValueError) as error:
            raise self._error(command, f"it could not be started: {error}", None) from error

    def _error(self, command: Sequence[str], cause: str, status: int | None) -> ProcessError:
        shown = self.redact(cause)
        title = f"`{self._shown(command)}` failed"
        return ProcessError(title, cause=shown, exit_status=status)

    def _shown(self, command: Sequence[str]) -> str:
        return self.redact(shlex.join(command))

    def _tail(self, output: bytes) -> str:
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        crash = [line for line in lines if line.startswith(_CRASH)]
        return "".join(f"\n  {line}" for line in (crash or lines[-_SHOWN_LINES:]))


def start(
    command: CommandLine, *, stdin: IO[bytes] | int, environ: Mapping[str, str], cwd: Path
) -> subprocess.Popen[bytes]:
    """Start a program that leads its own session; the caller reads its output and ends it.

    Args:
        command: secrets never belong here.
        stdin: a file, or `subprocess.PIPE`.
        environ: its whole environment; ours is not inherited.
        cwd: where it runs.
    """
    return subprocess.Popen(  # noqa: S603 - no shell; `CommandLine` keeps options ours
        command.line,
        cwd=cwd,
        env=dict(environ),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End a program that leads its own session, and what it started; gives its output.

    Politely first, then for certain.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            return process.communicate(timeout=_GRACE)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    return process.communicate()
