"""What a terminal gets: help, completion, fixes in its words, and output that cannot be written."""

import io
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from gitops_action import cli
from gitops_action.app.arguments import EXAMPLES, command_parser, parse_arguments
from gitops_action.app.completion import SHELLS, completion
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.core.inputs import COMMANDS

_PROGRAM = [sys.executable, "-m", "gitops_action"]
_WORDS = [
    ["--help"],
    ["init", "--help"],
    ["config", "show"],
    ["--completion", "bash"],
]
_EVERY = [*([command.name, "--help"] for command in COMMANDS), *(
    [command.name, *(item.choices[0] for item in command.positional), "--json"]
    for command in COMMANDS
)]  # fmt: skip


def environ() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("GITHUB_")}


@pytest.mark.parametrize("words", [*_WORDS, ["config", "show", "--json"]])
def test_a_full_disk_ends_with_one_sentence(words: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*_PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**environ(), "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "error: the output could not be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", _WORDS)
def test_a_closed_pipe_ends_without_a_word(words: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*_PROGRAM, *words], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            env={**environ(), "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode in {0, 1}, done.stderr  # argparse itself takes a closed pipe for an end
    assert "rror" not in done.stderr
    assert "Exception" not in done.stderr


def answered(words: list[str], stdout: TextIO) -> tuple[int, str]:
    """Run a command in this process; gives its exit code and what it says."""
    told = io.StringIO()
    around = ProcessEnvironment(environ={}, stdin=io.StringIO(), stdout=stdout, stderr=told)
    return cli.main(words, around), told.getvalue()


@pytest.mark.parametrize("words", _EVERY, ids=" ".join)
def test_every_command_says_that_its_output_is_lost(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with suppress(OSError), Path("/dev/full").open("w", encoding="utf-8") as full:
        code, told = answered(words, full)
        assert code == 1
        assert "error: the output could not be written: No space left on device" in told
    reading, writing = os.pipe()
    os.close(reading)
    with suppress(OSError), os.fdopen(writing, "w", encoding="utf-8") as closed:
        code, told = answered(words, closed)
        assert code == 1
        assert "could not be written" not in told
        assert "Traceback" not in told


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_help_can_be_run(name: str) -> None:
    command = next(item for item in COMMANDS if item.name == name)
    assert "examples:\n  gitops-action " in command_parser(command).format_help()
    for line in EXAMPLES[name]:
        parsed = parse_arguments(line.split())
        assert parsed.command.name == name


def test_the_help_of_every_command_has_examples() -> None:
    assert set(EXAMPLES) == {command.name for command in COMMANDS}


def test_flags_stand_under_what_they_are_for() -> None:
    init = next(command for command in COMMANDS if command.name == "init")
    parts = command_parser(init).format_help().split("\n\n")
    under = {part.partition(":\n")[0]: part for part in parts}
    assert "--layout" in under["For environment"]
    assert "--hand-over" in under["For application and workflow"]
    assert "--lifetime" in under["For kubeconfig"]
    assert "--force" in under["Where"]


def test_a_default_ends_with_one_full_stop() -> None:
    every = [command_parser(command).format_help() for command in COMMANDS]
    assert not [text for text in every if "Default: .." in text]


def test_bash_completes_commands_flags_and_choices() -> None:
    script = completion("bash", "gitops-action", COMMANDS)

    def completed(*words: str) -> list[str]:
        line = " ".join(f"'{word}'" for word in words)
        asked = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n_gitops_action\n"
        shown = f'{asked}printf "%s\\n" "${{COMPREPLY[@]}}"\n'
        done = subprocess.run(["bash", "-c", shown], capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("gitops-action", "val") == ["validate"]
    assert completed("gitops-action", "bump", "--dry") == ["--dry-run"]
    assert "local" in completed("gitops-action", "bump", "--mode", "")
    assert completed("gitops-action", "config", "ch") == ["check"]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_with_every_command(shell: str) -> None:
    script = completion(shell, "gitops-action", COMMANDS)
    assert all(command.name in script for command in COMMANDS)


def test_a_fix_names_flags_at_a_terminal_and_inputs_in_a_job(tmp_path: Path) -> None:
    words = ["validate", "--working-directory", str(tmp_path / "none")]
    said = {}
    for actions in ("", "true"):
        done = subprocess.run(
            [*_PROGRAM, *words], capture_output=True, text=True, cwd=tmp_path, check=False,
            env={
                **environ(), "PYTHONPATH": os.pathsep.join(sys.path), "GITHUB_ACTIONS": actions
            },
        )  # fmt: skip
        said[actions] = done.stderr
        document = subprocess.run(
            [*_PROGRAM, *words, "--json"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
            env={**environ(), "PYTHONPATH": os.pathsep.join(sys.path), "GITHUB_ACTIONS": actions},
        )
        assert json.loads(document.stdout)["error"]["fix"] in done.stderr
    assert "correct `--working-directory`" in said[""]
    assert "correct `working-directory`" in said["true"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


_DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: default}\nspec:\n"
    "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
    "    spec:\n      containers:\n        - {name: web, image: 'web:v1'}\n"
)
_FINDING = "unknown field spec.template.spec.containers[0].imagez"
_DIFFERENCE = "+  replicas: 3"


@pytest.mark.parametrize("paged", [False, True])
def test_findings_and_differences_of_a_validation_go_to_stdout_a_page_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, paged: bool
) -> None:
    checkout, seen = tmp_path / "checkout", tmp_path / "seen"
    checkout.mkdir()
    manifest = checkout / "web.yaml"
    manifest.write_text(_DEPLOYMENT)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-qm", "a")):
        subprocess.run(["git", *words], cwd=checkout, check=True, env=environ())
    wrong = _DEPLOYMENT.replace("'web:v1'", "'web:v1', imagez: x")
    manifest.write_text(wrong.replace("spec:\n  sel", "spec:\n  replicas: 3\n  sel"))
    pager = tmp_path / "pager"
    pager.write_text(f'#!/bin/sh\ncat > "{seen}"\n')
    pager.chmod(0o755)
    for name, value in (("LINES", "10"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    stdout, stderr = _Terminal() if paged else io.StringIO(), io.StringIO()
    around = ProcessEnvironment(
        environ={"PATH": os.environ["PATH"], "PAGER": str(pager), "NO_COLOR": "1"},
        stdin=io.StringIO(),
        stdout=stdout,
        stderr=stderr,
    )
    words = ["validate", "--verify", "off", "--working-directory", str(checkout)]
    assert cli.main(words, around) == 1
    assert seen.exists() is paged
    text = seen.read_text() if paged else stdout.getvalue()
    assert "error: web.yaml:" in text
    for part in (_FINDING, _DIFFERENCE):
        assert part in text
        assert part not in stderr.getvalue()
    assert stderr.getvalue().startswith("1 error")
