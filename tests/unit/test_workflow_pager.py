"""The pager: only at a terminal, only for what is longer than it is high."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from gitops_action.adapters.workflow.pager import show_report
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


def test_a_file_is_never_paged(pager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    show(stdout, 30, str(pager), monkeypatch)
    assert not (pager.parent / "seen").exists()
    assert len(stdout.getvalue().splitlines()) == 30
