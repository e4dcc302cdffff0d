"""The parts of the test bed that other tests lean on."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from testbed import cache
from testbed.act import WorkflowRun, command_line
from testbed.action import parse_outputs
from testbed.lint import locks_name_no_registry, tracked
from testbed.process import PartError, run


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("", {}),
        ("a=1\nb=x=y\n", {"a": "1", "b": "x=y"}),
        ("a<<END\none\ntwo\nEND\nb=2\n", {"a": "one\ntwo", "b": "2"}),
        ("a<<END\nEND\n", {"a": ""}),
        ("a<<END\nb=1\nEND\n", {"a": "b=1"}),
        ("a=1\na=2\n", {"a": "2"}),
    ],
)
def test_outputs_are_read_as_the_runner_does(text: str, outputs: dict[str, str]) -> None:
    assert parse_outputs(text) == outputs


@pytest.mark.parametrize("text", ["nothing\n", "a<<END\none\n"])
def test_outputs_that_the_runner_would_refuse(text: str) -> None:
    with pytest.raises(ValueError, match="output"):
        parse_outputs(text)


def test_a_failing_program_tells_itscommand_line_and_output() -> None:
    with pytest.raises(PartError, match=r"exit code 3 of: sh -c(.|\n)*broken"):
        run("sh", "-c", "echo broken >&2; exit 3")


def test_a_missing_program_is_named() -> None:
    with pytest.raises(PartError, match="no-such-program is not installed"):
        run("no-such-program")


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(PartError, match="no end after"):
        run("sleep", "30", timeout=0.1)


def test_keys_keep_parts_apart() -> None:
    assert cache.key("ab", "c") != cache.key("a", "bc")
    assert cache.key("ab", "c") == cache.key(b"ab", b"c")


def test_act_gets_secrets_by_a_file_that_only_we_may_read(tmp_path: Path) -> None:
    secret = "value-of-the-secret"
    workflow = WorkflowRun(
        checkout=tmp_path,
        workflow="release.yml",
        image="runner",
        event={"ref": "refs/tags/v1"},
        secrets={"TOKEN": secret},
    )
    command = command_line(workflow, tmp_path)
    assert secret not in " ".join(command)
    file = Path(command[command.index("--secret-file") + 1])
    assert secret in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_lock_file_names_a_registry() -> None:
    assert {"requirements/dev.txt", "requirements/runtime.txt"} <= set(tracked("requirements"))
    locks_name_no_registry()
