"""The Actions protocol, read back by the runner's own rules."""

from __future__ import annotations

import io
import itertools
import operator
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.workflow import ActionsReporter, FileCommands
from gitops_action.adapters.workflow.escaping import command, harmless
from gitops_action.core.outcome import Notice
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import GitOpsError, Location

NAMES = {"error", "warning", "notice", "group", "endgroup", "add-mask", "stop-commands", "debug"}
HOSTILE = [
    "::error::x",
    "  ::warning file=a::x",
    "\u00a0::error::x",
    "\u200b::error::x",
    "\ufeff::error::x",
    "a ##[error]x",
    "#\u200b#[error]x",
    "\ufe0f::error::x",
    ":\u034f:error::x",
    "#\u180b#[error]x",
    "##\u2060[error]x",
    "ok\r::error::x",
    "ok\n::error::x",
    "ok\u2028::error::x",
    "ok\x85::error::x",
    "\x1b[0m::error::x",
    ":\x00:error::x",
    ":::error::x",
    "::::error::x",
    "####[[error]x",
]


def read_commands(log: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands that the runner would see (actions/runner, ActionCommand)."""
    found: list[tuple[str, dict[str, str], str]] = []
    for line in re.split(r"\r\n|\r|\n", log):
        bare = re.sub("[\u034f\u180b\ufe0f\u200b\u2060\ufeff\u00ad]", "", line)
        for text in (line, bare):
            new = re.match(r"\s*::([^ :]+)(?: (.*?))?::(.*)", text)
            old = re.search(r"##\[([^ \]]+)(?: ([^\]]*))?\](.*)", text)
            for match in filter(None, (new, old)):
                if match[1].lower() in NAMES:
                    found.append((match[1], _properties(match[2]), _unescape(match[3])))
                    break
            else:
                continue
            break
    return found


def _properties(text: str | None) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in (text or "").split(",") if "=" in pair)
    return {key: _unescape(value.replace("%3A", ":").replace("%2C", ",")) for key, value in pairs}


def _unescape(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def reporter(
    environ: dict[str, str] | None = None, secrets: Sequence[str] = ()
) -> tuple[ActionsReporter, io.StringIO]:
    log = io.StringIO()
    counter = itertools.count()
    made = ActionsReporter(
        stream=log,
        environ=environ or {},
        redactor=Redactor(secrets),
        chance=lambda: f"chance-{next(counter)}",
    )
    return made, log


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_lines_are_no_commands(text: str) -> None:
    made, log = reporter()
    made.log(text)
    assert read_commands(log.getvalue()) == []


@given(st.text(alphabet="::##[]error \n\r\t%\u200b\u2028\x85,=", max_size=40))
def test_no_line_is_ever_a_command(text: str) -> None:
    assert read_commands(harmless(text)) == []


def test_the_reader_of_this_test_sees_commands() -> None:
    assert read_commands("  ::error file=a%2Cb,line=1::x%0Ay") == [
        ("error", {"file": "a,b", "line": "1"}, "x\ny")
    ]
    assert read_commands("x ##[warning]y") == [("warning", {}, "y")]


@given(st.text(max_size=40), st.text(min_size=1, max_size=20))
def test_data_and_properties_come_back(data: str, title: str) -> None:
    line = command("notice", data, {"title": title, "file": ""})
    assert "\n" not in line
    assert "\r" not in line
    head, _, body = line.removeprefix("::").partition("::")
    assert _unescape(body) == data
    value = head.removeprefix("notice title=")
    assert _unescape(value.replace("%3A", ":").replace("%2C", ",")) == title


def test_annotations_carry_their_place() -> None:
    made, log = reporter()
    place = Location(file="a,b:c.yaml", line=3, column=7)
    made.notice(Notice(level="warning", text="50%\nof it", location=place), title="x: y")
    properties = {"file": "a,b:c.yaml", "line": "3", "col": "7", "title": "x: y"}
    assert read_commands(log.getvalue()) == [("warning", properties, "50%\nof it")]


@pytest.mark.parametrize(("number", "seen"), [(9, 9), (10, 10), (11, 10), (40, 10)])
def test_annotations_over_the_limit_are_folded_and_none_is_lost(number: int, seen: int) -> None:
    made, log = reporter()
    for index in range(number):
        made.notice(Notice(level="error", text=f"fault-{index}."))
    made.notice(Notice(level="warning", text="apart"))
    made.close()
    made.close()
    commands = read_commands(log.getvalue())
    assert sum(name == "error" for name, _, _ in commands) == seen
    assert all(f"fault-{index}." in log.getvalue() for index in range(number))
    told = " ".join(text for _, _, text in commands)
    assert all(f"fault-{index}." in told for index in range(number))


def test_groups_are_closed_also_after_an_error() -> None:
    made, log = reporter()
    with pytest.raises(ValueError, match="x"), made.group("a\n::error::b"):
        raise ValueError("x")
    assert [name for name, _, _ in read_commands(log.getvalue())] == ["group", "endgroup"]


def test_commands_are_stopped_around_output_of_others() -> None:
    made, log = reporter()
    with made.untrusted():
        made.log("child")
    assert log.getvalue().splitlines() == ["::stop-commands::chance-0", "child", "::chance-0::"]


def test_masks_cover_each_line_and_what_is_written_later() -> None:
    made, log = reporter()
    made.mask("first line\nsecond line")
    made.log("it is second line here")
    masked = [text for name, _, text in read_commands(log.getvalue()) if name == "add-mask"]
    assert masked == ["first line\nsecond line", "first line", "second line"]
    assert log.getvalue().splitlines()[-1] == "it is *** here"


def test_secrets_are_nowhere(tmp_path: Path) -> None:
    secret = "ghs_Planted%Token"
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    made, log = reporter(files, [secret])
    made.log(f"x {secret}")
    place = Location(file=secret)
    made.notice(Notice(level="error", text=secret, location=place), title=secret)
    with made.group(secret):
        made.outputs({"plan": f"[{secret}]"})
        made.summary(f"`{secret}`")
    made.close()
    everything = log.getvalue() + "".join(path.read_text() for path in tmp_path.iterdir())
    assert "Planted" not in everything
    assert everything.count("***") >= 6


def read_pairs(text: str) -> dict[str, str]:
    """Names and values as the runner reads them from a file of heredocs."""
    values: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, delimiter = line.split("<<", 1)
        value = list(itertools.takewhile(partial(operator.ne, delimiter), lines))
        values[name] = "\n".join(value)
    return values


@given(st.dictionaries(st.from_regex(r"[a-z-]{1,8}_", fullmatch=True), st.text(max_size=30)))
def test_outputs_come_back(
    tmp_path_factory: pytest.TempPathFactory, outputs: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("runner") / "output"
    clean = {f"n{name}": value.replace("\r", "") for name, value in outputs.items()}
    files = FileCommands(environ={"GITHUB_OUTPUT": str(path)}, delimiter=lambda: "unforeseen-1")
    files.set_outputs(clean)
    text = path.read_bytes().decode() if clean else ""
    assert read_pairs(text) == clean


def test_each_value_has_its_own_delimiter_and_it_must_not_be_inside(tmp_path: Path) -> None:
    numbers = itertools.count()
    path = tmp_path / "env"
    environ = {"GITHUB_ENV": str(path), "GITHUB_STATE": str(path)}
    files = FileCommands(environ=environ, delimiter=lambda: f"d{next(numbers)}")
    files.set_variables({"A": "1\nB=2", "C": "x<<y"})
    files.save_state({"D": "4"})
    assert read_pairs(path.read_text()) == {"A": "1\nB=2", "C": "x<<y", "D": "4"}
    with pytest.raises(ValueError, match="delimiter"):
        files.set_variables({"A": "d3"})
    with pytest.raises(ValueError, match="name"):
        files.set_outputs({"a\nb": "1"})


def test_folders_go_on_the_path_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "path"
    files = FileCommands(environ={"GITHUB_PATH": str(path)}, delimiter=str)
    files.add_path("/a")
    files.add_path("/b")
    assert path.read_text() == "/a\n/b\n"
    with pytest.raises(ValueError, match="line break"):
        files.add_path("/a\n/b")


def test_files_that_the_runner_does_not_name_are_not_written(tmp_path: Path) -> None:
    files = FileCommands(environ={}, delimiter=lambda: "d")
    files.set_outputs({"a": "1"})
    files.add_summary("x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    files = FileCommands(environ={"GITHUB_OUTPUT": str(tmp_path)}, delimiter=lambda: "d")
    with pytest.raises(GitOpsError, match="GITHUB_OUTPUT could not be written"):
        files.set_outputs({"a": "1"})
