"""The command line follows the declaration, and its errors name what was meant."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitops_action import __version__, cli
from gitops_action.app.arguments import parse_arguments
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.core.inputs import BUMP, COMMANDS, TAG, Command
from gitops_action.errors import UsageError


def run(
    arguments: list[str], environ: Mapping[str, str] | None = None, stdin: str = ""
) -> tuple[int, str, str]:
    """Run the command line in surroundings of its own: code, stdout, stderr."""
    streams = io.StringIO(stdin), io.StringIO(), io.StringIO()
    around = ProcessEnvironment(
        environ=environ or {}, stdin=streams[0], stdout=streams[1], stderr=streams[2]
    )
    code = cli.main(arguments, around)
    return code, streams[1].getvalue(), streams[2].getvalue()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_every_input_is_a_flag_and_arrives_as_given(command: Command) -> None:
    arguments = [command.name]
    expected: dict[str, str] = {}
    for item in command.positional:
        expected[item.name] = item.choices[0] if item.choices else f"value of {item.name}"
        arguments.append(expected[item.name])
    for item in command.inputs:
        value = "true" if item.kind == "flag" else f"value of {item.name}"
        arguments += [item.flag] if item.kind == "flag" else [item.flag, value]
        expected[item.name] = value
    parsed = parse_arguments(arguments)
    assert {**parsed.given, **parsed.secret_files} == expected
    secrets = {item.name for item in command.inputs if item.kind == "secret"}
    assert set(parsed.secret_files) == secrets


def test_lists_may_be_given_several_times() -> None:
    given = parse_arguments(["bump", "--images", "a:1", "--images", "b:2"]).given
    assert given == {"images": "a:1\nb:2"}


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["--dry-run"], "true"),
        (["--dry-run=false"], "false"),
        (["--dry-run", "False"], "False"),
    ],
)
def test_booleans_may_have_a_value(arguments: list[str], value: str) -> None:
    assert parse_arguments(["bump", *arguments]).given == {"dry-run": value}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bmup"], "did you mean `gitops-action bump`?"),
        (["tga"], "did you mean `gitops-action tag`?"),
        (["frobnicate"], "see `gitops-action --help`"),
        (["freeze", "--environment", "production"], "`gitops-action hold --action add`"),
        (["unhold"], "`gitops-action hold --action remove`"),
        (["revert"], "`gitops-action rollback`"),
        (["rollback", "production", "web"], "name each value by its flag"),
        ([], "The command is missing"),
        (["--images", "a:1"], "write `gitops-action bump …`"),
        (["bump", "--imgaes", "a:1"], "did you mean `--images`?"),
        (["bump", "--dryrun"], "did you mean `--dry-run`?"),
        (["bump", "--image", "a:1"], "did you mean `--images`?"),
        (["bump", "--sep-tags", ","], "no flag --sep-tags for `bump`"),
        (["bump", "-x"], "no flag --x"),
        (["bump", "a:1"], "takes flags only"),
        (["bump", "--images"], "--images"),
        (["bump", "--mode", "local", "--mode", "commit"], "given twice"),
        (["bump", "--mode", "lokal", "--images", "a:1"], "did you mean `local`?"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_hint(arguments: list[str], told: str) -> None:
    code, out, err = run(arguments)
    assert code == 2
    assert told in err
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "item", [i for i in BUMP.inputs if i.kind == "secret"], ids=lambda i: i.name
)
@pytest.mark.parametrize("form", ["--{}=planted", "--{} planted"])
def test_secrets_are_no_flags_and_are_not_repeated(item: object, form: str) -> None:
    name = getattr(item, "name", "")
    code, out, err = run(["bump", "--json", *form.format(name).split()])
    assert code == 2
    assert f"--{name}-file" in err
    assert "environment" in err
    assert "planted" not in out + err


def test_secrets_come_from_files_and_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("planted-file\n")
    arguments = ["bump", "--digest", "planted-file", "--mode", "planted-stdin"]
    secrets = ["--token-file", str(path), "--source-token-file", "-"]
    code, out, err = run([*arguments, *secrets, "--json"], stdin="planted-stdin\n")
    assert code == 2
    assert "planted" not in out + err
    assert "***" in err


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_a_secret_file_must_hold_something(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    code, _, err = run(["bump", "--token-file", str(path)])
    assert code == 2
    assert "`--token-file` cannot be used" in err


def test_a_failure_is_one_json_document() -> None:
    code, out, err = run(["bump", "--json", "--images", "a:1", "--digest", "pinned"])
    document = json.loads(out)
    assert code == document["exit_code"] == 2
    assert document["command"] == "bump"
    assert set(document["error"]) == {"title", "cause", "fix", "file", "line", "column"}
    assert "`digest`" in document["error"]["title"]
    assert "did you mean `pin`?" in document["error"]["fix"]
    assert "`digest`" in err


def test_in_a_job_the_command_line_annotates_on_stderr() -> None:
    code, out, err = run(["bump", "--digest", "x"], {"GITHUB_ACTIONS": "true"})
    assert (code, out) == (2, "")
    assert err.startswith("::error title=")


def test_version_and_help_are_answers() -> None:
    assert run(["--version"])[:2] == (0, f"gitops-action {__version__}\n")
    code, out, err = run(["--help"])
    assert (code, err) == (0, "")
    assert all(command.name in out for command in COMMANDS)


@pytest.mark.parametrize("command", [BUMP, TAG], ids=["bump", "tag"])
def test_help_tells_every_flag(command: Command) -> None:
    code, out, _ = run([command.name, "--help"])
    assert code == 0
    assert all(item.flag in out for item in command.inputs)


def test_flags_are_not_abbreviated() -> None:
    with pytest.raises(UsageError, match="--imag"):
        parse_arguments(["bump", "--imag", "a:1"])
