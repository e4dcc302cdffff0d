"""The pager: only at a terminal, only for what is longer than it is high."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from gitops_action import cli
from gitops_action.adapters.workflow.pager import show_report, show_text
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.core.redaction.known import Redactor


class Terminal(io.StringIO):
    """A stdout that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """A program that keeps what it is given, and what `LESS` says."""
    program = tmp_path / "pager"
    program.write_text(f'#!/bin/sh\ncat > "{tmp_path}/seen"\necho "$LESS" > "{tmp_path}/less"\n')
    program.chmod(0o755)
    return program


def show(stdout: io.StringIO, count: int, pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("COLUMNS", "80")
    lines = [f"line {number} of planted-secret" for number in range(count)]
    environ = {"PAGER": pager, "PATH": os.environ["PATH"]}
    show_report(lines, stdout, environ, Redactor(["planted-secret"]))


@pytest.mark.parametrize(("count", "paged"), [(3, False), (30, True)])
def test_what_fits_is_printed_and_the_rest_is_paged(
    count: int, paged: bool, pager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = Terminal()
    show(stdout, count, str(pager), monkeypatch)
    seen = pager.parent / "seen"
    assert seen.exists() is paged
    text = seen.read_text() if paged else stdout.getvalue()
    assert f"line {count - 1} of ***" in text
    assert "planted-secret" not in text
    assert bool(stdout.getvalue()) is not paged
    if paged:
        assert (pager.parent / "less").read_text() == "FRX\n"


@pytest.mark.parametrize("pager", ["", "cat", "/nowhere/pager"])
def test_without_a_pager_everything_is_printed(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Terminal()
    show(stdout, 30, pager, monkeypatch)
    assert len(stdout.getvalue().splitlines()) == 30


@pytest.mark.parametrize("environ", [{}, {"TERM": "dumb"}], ids=["unknown", "dumb"])
def test_a_terminal_that_cannot_move_its_cursor_has_no_pager_by_itself(
    environ: dict[str, str], pager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "10")
    pager.rename(pager.parent / "less-program")
    (pager.parent / "less").symlink_to(pager.parent / "less-program")
    monkeypatch.setenv("PATH", f"{pager.parent}:{os.environ['PATH']}")
    for term, paged in ((environ, False), ({"TERM": "xterm"}, True)):
        stdout = Terminal()
        show_text("line\n" * 30, stdout, {"PATH": os.environ["PATH"], **term})
        assert bool(stdout.getvalue()) is not paged


def test_a_file_is_never_paged(pager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    show(stdout, 30, str(pager), monkeypatch)
    assert not (pager.parent / "seen").exists()
    assert len(stdout.getvalue().splitlines()) == 30


def at_terminal(words: list[str], pager: str, *, stdout: io.StringIO | None = None) -> io.StringIO:
    """Run a command whose stdin and stderr are a terminal; gives its stdout."""
    shown = Terminal() if stdout is None else stdout
    environ = {"PAGER": pager, "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    around = ProcessEnvironment(environ=environ, stdin=Terminal(), stdout=shown, stderr=Terminal())
    assert cli.main(words, around) == 0
    return shown


SHOW = ["config", "show"]
PLAN = ["init", "environment", "--owner", "acme", "--library", "acme/x", "--dry-run"]
ANSWERS = ["--name", "e", "--environments", "a,b", "--applications", "web", "--registry", "ghcr.io",
           "--engine", "push", "--code-owners", "@acme/x"]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "part"),
    [(SHOW, "environments:"), ([*PLAN, *ANSWERS], ".github/workflows/gate.yml")],
    ids=["what is printed", "what is listed"],
)
def test_every_command_pages_what_is_long(
    words: list[str], part: str, pager: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(pager.parent)
    stdout = at_terminal(words, str(pager))
    assert part in (pager.parent / "seen").read_text()
    assert part not in stdout.getvalue()


def test_what_goes_into_a_file_is_not_paged(pager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "10")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(pager.parent)
    for words in (SHOW, [*PLAN, *ANSWERS]):
        at_terminal(words, str(pager), stdout=io.StringIO())
    assert not (pager.parent / "seen").exists()
