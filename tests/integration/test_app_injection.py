"""Text of strangers through the real entry point: nothing of it becomes a workflow command."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testbed.preloaded import run_entrypoint
from tests.support.app_bump import app_inputs
from tests.support.bump_stage import CLASSIC, WEB, Stage, bump_stage, deployment
from tests.support.nasty import NASTY

ROOT = Path(__file__).resolve().parents[2]
SPEECH = (
    "::set-output name=image::evil",
    "::add-mask::a",
    "  ::error::evil",
    "##[set-env name=PATH]evil",
    "\ufe0f::set-env name=PATH::evil",
    "x\r::stop-commands::evil",
    "x\u2028::warning::evil",
)
OURS = re.compile(r"::(error|warning|notice|group|endgroup|stop-commands|gitops_[0-9a-f]{32})[: ]")
"""Commands that we give ourselves; the runner reads one a line, and `::` before `##[`."""


class Run:
    """One run of `entrypoint.py` as the container starts it."""

    def __init__(self, folder: Path, inputs: Mapping[str, str], **environ: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        }
        given = {f"INPUT_{name.upper()}": text for name, text in inputs.items()}
        self.done = run_entrypoint(
            {"GITHUB_ACTIONS": "true", "PATH": os.environ["PATH"], **files, **given, **environ},
            ROOT,
            timeout=300,
        )
        self.log = self.done.stdout.decode("utf-8", "replace")
        output = folder / "output"
        self.outputs = parse_outputs(output.read_text()) if output.exists() else {}
        summary = folder / "summary"
        self.summary = summary.read_text() if summary.exists() else ""

    def strange_commands(self) -> list[str]:
        """Lines that the runner would obey and that we did not mean."""
        lines = [skipped(line) for line in re.split(r"[\r\n\u2028\u2029\x0b\x0c\x85]", self.log)]
        return [
            line
            for line in lines
            if ("##[" in line or line.startswith("::")) and not OURS.match(line)
        ]


def skipped(line: str) -> str:
    """The line without what a comparison by culture may skip."""
    return re.sub("[\u034f\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff]", "", line).lstrip()


def parse_outputs(text: str) -> dict[str, str]:
    """Read the runner's file as the runner does."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if line:
            name, _, end = line.partition("<<")
            found[name] = "\n".join(iter(lambda: next(lines), end))
    return found


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path / "forge") as made:
        yield made


@pytest.mark.parametrize("speech", SPEECH)
def test_names_of_files(tmp_path: Path, speech: str) -> None:
    name = f"a\n{speech.replace('/', '_')}.yaml"
    folder = tmp_path / "checkout" / "applications" / "web"
    folder.mkdir(parents=True)
    (folder / name).write_text(deployment(f"{WEB}:v1.0.0"))
    local = {"mode": "local", "working-directory": str(tmp_path / "checkout")}
    run = Run(tmp_path / "run", {**local, "images": f"{WEB}:v1.1.0"})
    assert run.done.returncode == 0, run.log
    assert run.strange_commands() == []
    assert run.outputs["image"] == f"{WEB}:v1.1.0"
    assert len(run.outputs["files"].splitlines()) == 1
    [line] = json.loads(run.outputs["plan"])
    assert line["file"] == f"applications/web/{name}"
    (folder / name).write_text(f"a: [\n{WEB}\n")
    broken = Run(tmp_path / "broken", {**local, "images": f"{WEB}:v1.1.0"})
    assert broken.done.returncode == 1
    assert broken.strange_commands() == []
    assert "Traceback" not in broken.log


@pytest.mark.parametrize("speech", SPEECH)
def test_images_and_other_inputs(tmp_path: Path, speech: str) -> None:
    (tmp_path / "checkout").mkdir()
    local = {"mode": "local", "working-directory": str(tmp_path / "checkout")}
    given = (
        {"images": f"x\n{speech}"},
        {"images": f"{WEB}:{speech}"},
        {"set": f"x: {speech} = 1\n{speech}"},
        {"images": f"{WEB}:v1", "environment": speech},
        {"images": f"{WEB}:v1", "digest": f"x\n{speech}"},
        {"images": f"{WEB}:v1", "source": speech},
        {"images": f"{WEB}:v1", "paths": speech},
        {"images": f"{WEB}:v1", "config": speech},
        {"command": speech},
    )
    for number, inputs in enumerate(given):
        run = Run(tmp_path / str(number), {**local, **inputs})
        assert run.done.returncode in {1, 2}, (inputs, run.log)
        assert run.strange_commands() == []
        assert "Traceback" not in run.log


@pytest.mark.parametrize("speech", SPEECH)
def test_words_of_github(stage: Stage, tmp_path: Path, speech: str) -> None:
    message = f"no\n{speech}"
    stage.forge.fail("POST .*/git/trees", status=422, message=message)
    refused = Run(tmp_path / "refused", app_inputs(stage, images=f"{WEB}:v1.1.0"))
    assert refused.done.returncode == 1
    assert refused.strange_commands() == []
    stage.forge.fail("POST .*/git/trees", status=502, message=message)
    again = Run(tmp_path / "again", app_inputs(stage, images=f"{WEB}:v1.1.0"))
    assert again.done.returncode == 0, again.log
    assert again.strange_commands() == []
    assert "stamina" not in again.log
    assert stage.token not in refused.log + again.log + again.summary + refused.summary


def test_values_keys_and_comments_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    for number, speech in enumerate((*SPEECH, *NASTY)):
        quoted = json.dumps(speech or "x")
        (folder / "values.yaml").write_text(f"{quoted}: {quoted}\nb: {quoted}\n")
        inputs = {"mode": "local", "working-directory": str(folder), "set": "values.yaml: b = ok"}
        if number >= len(SPEECH) and number % 6:
            continue
        run = Run(tmp_path / f"run{number}", inputs)
        assert run.done.returncode == 0, run.log
        assert run.strange_commands() == []
        missing = {**inputs, "set": "values.yaml: c = ok"}
        told = Run(tmp_path / f"told{number}", missing)
        assert told.done.returncode == 2
        assert told.strange_commands() == []


def test_a_token_in_every_secret_input_is_in_no_output(stage: Stage, tmp_path: Path) -> None:
    inputs = app_inputs(stage, images=f"{WEB}:v1.1.0")
    planted = {"registry-password": "planted-registry-password", "source-token": "planted-source"}
    run = Run(tmp_path / "run", {**inputs, **planted})
    assert run.done.returncode == 0, run.log
    everything = run.log + run.summary + json.dumps(run.outputs)
    assert "planted" not in everything
    assert stage.token not in everything
    assert CLASSIC["README.md"].encode() == stage.repository.read("main", "README.md")
