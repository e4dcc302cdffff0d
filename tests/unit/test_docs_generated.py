"""What is generated is up to date, and what is written by hand names things that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from gitops_action.app.arguments import parse_arguments
from gitops_action.core.gates.verdict import ORDER
from gitops_action.core.inputs import (
    ACTION_COMMANDS,
    COMMAND,
    COMMANDS,
    command_named,
    every_input,
)
from gitops_action.core.inputs.permissions import RIGHTS
from gitops_action.core.inputs.values import check_values

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
_OURS = re.compile(r"^[\w.-]+/gitops-action@")


def blocks(language: str) -> list[tuple[str, str]]:
    """The code blocks of that language, with the document they are in."""
    return [
        (path.name, found["code"])
        for path in DOCUMENTS
        for found in _BLOCK.finditer(path.read_text(encoding="utf-8"))
        if found["language"] == language
    ]


def load(text: str) -> object:
    data: object = YAML(typ="safe").load(text)
    return data


def steps(node: object) -> list[dict[str, object]]:
    """Every step that uses our action, however deep it stands."""
    if isinstance(node, dict):
        mine = [node] if _OURS.match(str(node.get("uses", ""))) else []
        return mine + [step for value in node.values() for step in steps(value)]
    return [step for value in node for step in steps(value)] if isinstance(node, list) else []


def test_generated_files_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"run `make docs`: {result.stdout}{result.stderr}"


def test_sections_are_filled_between_their_markers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    markers = import_module("generator.markers")
    tables = import_module("generator.tables")
    path = tmp_path / "a.md"
    path.write_text("a\n<!-- generated: commands -->\noutdated\n<!-- end -->\nb\n")
    filled = markers.fill(path, tables.SECTIONS)
    assert filled.startswith("a\n<!-- generated: commands -->\n| Command |")
    assert filled.endswith("|\n<!-- end -->\nb\n")
    assert "outdated" not in filled


def test_every_document_with_a_marker_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    filled = set(import_module("generate").generated())
    marked = {path for path in DOCUMENTS if "<!-- generated:" in path.read_text(encoding="utf-8")}
    assert marked <= filled


def test_the_comment_is_shown_in_each_state_that_a_status_can_name() -> None:
    text = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
    missing = [word for word in ORDER if f"<code>{word}: " not in text]
    assert not missing
    assert "put into the merge queue" in text
    assert "⏭️ overridden" in text


def test_action_yml_says_what_the_declaration_says() -> None:
    action = load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert isinstance(action, dict)
    inputs = {item.name: item for item in every_input()}
    assert set(action["inputs"]) == set(inputs)
    assert set(action["outputs"]) == {item.name for c in ACTION_COMMANDS for item in c.outputs}
    for name, found in action["inputs"].items():
        item = inputs[name]
        assert found.get("default", "") == (item.runner_default or item.default)
        assert item.help in found["description"]
        assert found["required"] is False
    assert action["inputs"][COMMAND.name]["default"] == "bump"
    assert action["runs"] == {"using": "docker", "image": "Dockerfile"}


@pytest.mark.parametrize(("name", "code"), blocks("yaml"))
def test_yaml_examples_use_inputs_that_exist(name: str, code: str) -> None:
    for step in steps(load(code)):
        given = step.get("with")
        assert isinstance(given, dict), name
        command = command_named(str(given.pop("command", COMMAND.default)))
        assert command is not None
        assert set(given) <= {item.name for item in command.inputs}
        plain = {key: str(text) for key, text in given.items() if "${{" not in str(text)}
        check_values(command, plain)


def test_the_yaml_examples_are_found() -> None:
    assert sum(len(steps(load(code))) for _, code in blocks("yaml")) >= 4


@pytest.mark.parametrize(("name", "code"), blocks("shell"))
def test_shell_examples_use_flags_that_exist(name: str, code: str) -> None:
    for line in code.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["gitops-action"]:
            arguments = parse_arguments(words[1:])
            check_values(arguments.command, arguments.given)
        if words[:1] == ["make"]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{re.escape(words[1])}:", makefile, re.MULTILINE), (name, words)


_USES = re.compile(r"uses: (?P<action>[\w./-]+)@(?P<ref>\S+)(?: # (?P<version>v[\d.]+))?")


def uses(paths: list[Path]) -> list[tuple[str, str, str, str]]:
    """Every action of others: document, action, ref, version of the comment."""
    return [
        (path.name, found["action"], found["ref"], found["version"] or "")
        for path in paths
        for found in _USES.finditer(path.read_text(encoding="utf-8"))
        if "/gitops-action" not in found["action"]
    ]


def test_actions_of_others_are_pinned_as_our_workflows_pin_them() -> None:
    workflows = uses(sorted((ROOT / ".github" / "workflows").glob("*.yml")))
    ours = {action: (ref, version) for _, action, ref, version in workflows}
    documents = uses(DOCUMENTS)
    assert len(documents) >= 5
    for name, action, ref, version in documents:
        assert re.fullmatch(r"[0-9a-f]{40}", ref), (name, action)
        assert (ref, version) == ours[action], (name, action)


@pytest.mark.parametrize(("name", "code"), blocks("yaml"))
def test_calls_of_our_workflow_give_what_it_takes(name: str, code: str) -> None:
    data = load(code)
    jobs = data.get("jobs", {}) if isinstance(data, dict) else {}
    for job in jobs.values():
        found = re.match(r"OWNER/gitops-action/(?P<path>\S+)@", str(job.get("uses", "")))
        if not found:
            continue
        text = (ROOT / found["path"]).read_text(encoding="utf-8")
        taken: Any = load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
        call = taken["on"]["workflow_call"]
        assert set(job.get("with", {})) <= set(call["inputs"]), name
        assert set(job.get("secrets", {})) <= set(call.get("secrets", {})), name
        required = {key for key, item in call["inputs"].items() if item.get("required")}
        assert required <= set(job.get("with", {}))


def test_error_texts_that_the_documents_explain_are_in_the_code() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8").lower() for path in (ROOT / "gitops_action").rglob("*.py")
    )
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    symptoms = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    spans = [span for row in symptoms for span in re.findall(r"`([^`]+)`", row)]
    pieces = [piece.strip() for span in spans for piece in re.split(r"…|#?\d+|environment", span)]
    known = [piece for piece in pieces if len(piece) > 6]
    assert len(known) >= 15
    for piece in known:
        assert piece.lower() in code, piece


def test_every_document_is_reached_from_the_readme() -> None:
    linked = set()
    for path in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            linked.add((path.parent / target).resolve())
    assert {path for path in DOCUMENTS if path.name != "README.md"} <= linked


def headings(path: Path) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    found = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_anchors_of_links_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", text):
        assert anchor in headings(path.parent / target if target else path), (target, anchor)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] + project["optional-dependencies"]["dev"]
    declared = {Requirement(text).name.lower() for text in listed}
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.-]+)` \| (.+) \|$", table, re.MULTILINE))
    assert set(rows) == declared
    assert all(len(reason) > 10 for reason in rows.values())


def test_the_rights_of_a_command_stand_together() -> None:
    row = re.compile(r"^\| `([\w-]+)` \| `[\w-]+` \| `[^`]+: \w+` \|", re.MULTILINE)
    readme, every = (
        [command for command, _ in groupby(row.findall(path.read_text(encoding="utf-8")))]
        for path in (ROOT / "README.md", ROOT / "docs" / "permissions.md")
    )
    assert readme == ["bump"]
    with_rights = {right.command for right in RIGHTS}
    assert every == [one.name for one in COMMANDS if one.name in with_rights]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_entrypoint_is_short() -> None:
    lines = (ROOT / "entrypoint.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 10
