"""Commands of the terminal: words of their own, help, and that the action does not know them."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from gitops_action.app.action import read_request
from gitops_action.app.arguments import parse_arguments
from gitops_action.core.inputs import ACTION_COMMANDS, COMMAND, COMMANDS, catalogue, every_input
from gitops_action.core.inputs.declaration import Command, Input
from gitops_action.core.inputs.values import check_values
from gitops_action.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]

PLANT = Command(
    name="plant",
    help="Plants something.",
    inputs=(
        Input(name="depth", topic="Where", help="How deep."),
        Input(name="dry-run", topic="Where", kind="flag", default="false", help="Only say it."),
    ),
    outputs=(),
    positional=(
        Input(
            name="seed",
            topic="What changes",
            kind="choice",
            choices=("carrot", "parsley"),
            help="What.",
        ),
        Input(name="bed", topic="Where", help="Which bed.", default="north"),
    ),
    terminal_only=True,
)


def given(*arguments: str) -> dict[str, str]:
    return dict(parse_arguments(["plant", *arguments], (PLANT,)).given)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["carrot"], {"seed": "carrot"}),
        (["carrot", "south"], {"seed": "carrot", "bed": "south"}),
        (["--depth", "3", "carrot"], {"seed": "carrot", "depth": "3"}),
        (
            ["carrot", "--depth", "3", "south"],
            {"seed": "carrot", "bed": "south", "depth": "3"},
        ),
        (["--json", "carrot"], {"seed": "carrot"}),
        (["--dry-run", "carrot"], {"seed": "carrot", "dry-run": "true"}),
        (["--dry-run", "false", "carrot"], {"seed": "carrot", "dry-run": "false"}),
        (["carrot", "--dry-run"], {"seed": "carrot", "dry-run": "true"}),
    ],
)
def test_words_stand_anywhere_among_the_flags(
    arguments: list[str], expected: dict[str, str]
) -> None:
    assert given(*arguments) == expected


def test_words_are_values_like_any_other() -> None:
    values = check_values(PLANT, given("carrot"))
    assert (values.text("seed"), values.text("bed"), values.flag("dry-run")) == (
        "carrot",
        "north",
        False,
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "a word has to follow: one of carrot, parsley"),
        (["--depth", "3"], "write `gitops-action plant carrot|parsley`"),
        (["carot"], "did you mean `gitops-action plant carrot`?"),
        (["wheat"], "write one of carrot, parsley"),
        (["carrot", "north", "more"], "takes `seed` and `bed` and flags only"),
        (["carrot", "--dept", "3"], "did you mean `--depth`?"),
        (["--dept", "3", "carrot", "a", "b"], "did you mean `--depth`?"),
    ],
)
def test_wrong_words_are_told_with_the_way_out(arguments: list[str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        given(*arguments)
    assert told in f"{caught.value.title}\n{caught.value.cause}\n{caught.value.fix}"


def test_help_names_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        given("--help")
    text = capsys.readouterr().out
    assert "usage: gitops-action plant carrot|parsley [BED] [flags]" in text
    assert "Which bed. Default: north." in text


def test_the_action_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "COMMANDS", (*COMMANDS, PLANT))
    with pytest.raises(UsageError, match="for a terminal") as caught:
        read_request({"INPUT_COMMAND": "plant"})
    assert "run `gitops-action plant …` in a step" in str(caught.value.fix)
    assert "bump" in str(caught.value.fix)


def test_commands_of_the_terminal_are_not_in_the_action() -> None:
    assert {command.name for command in ACTION_COMMANDS} == set(COMMAND.choices)
    assert not any(command.terminal_only for command in ACTION_COMMANDS)
    of_the_action = {item.name for command in ACTION_COMMANDS for item in command.inputs}
    assert {item.name for item in every_input()} == of_the_action | {COMMAND.name}
    assert all(command.terminal_only for command in COMMANDS if command.positional)


def test_the_reference_tells_how_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    tables = import_module("generator.tables")
    monkeypatch.setattr(tables, "COMMANDS", (*COMMANDS, PLANT))
    text = tables.reference()
    assert "On the command line only: `gitops-action plant carrot|parsley BED [flags]`." in text
    assert "| `bed` | Which bed. | text | `north` |" in text
    assert "`plant`: outputs" not in text
    assert "| `plant` | Plants something. (command line only) |" in tables.commands_table()
