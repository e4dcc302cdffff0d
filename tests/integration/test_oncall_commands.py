"""Every command of docs/on-call.md, run as written, while a release is failing."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.pattern import pattern
from testbed.cache import ROOT
from tests.support.bump_stage import WEB, Stage, pinned
from tests.support.rollback_stage import at_terminal, images, release, rollback_stage

PAGE = ROOT / "docs" / "on-call.md"
_COMMAND = pattern(r"`gitops-action ([^`]+)`")


def commands() -> dict[str, str]:
    """What the table says to run, by what is wanted."""
    rows = [line.split("|") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    found = {row[1].strip(): _COMMAND.search(row[2]) for row in rows}
    return {what: match[1] for what, match in found.items() if match}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with rollback_stage(tmp_path) as made:
        for version in ("1.2.1", "1.2.2"):
            release(made, web=version)
        release(made, "failure", web="1.2.3")
        yield made


def run(stage: Stage, command: str, tmp_path: Path) -> str:
    """Run one on a terminal outside of a checkout; gives what it printed."""
    return at_terminal(stage, shlex.split(command), tmp_path)


def test_the_page_has_a_command_for_each_need() -> None:
    assert len(commands()) == 7


def test_every_command_of_the_page_does_what_it_says(stage: Stage, tmp_path: Path) -> None:
    page = commands()
    broke = run(stage, page["see what runs and what broke"], tmp_path)
    assert "v1.2.3" in broke
    assert "failed" in broke
    listed = run(stage, page["see where you can go back to"], tmp_path)
    assert listed.index("v1.2.2") < listed.index("v1.2.1")
    back_again = run(stage, page["go back to the last good version"], tmp_path)
    assert "merge it, unless the gate does" in back_again
    assert images(stage, "gitops/production/rollback/web")["web"] == "1.2.2"
    run(stage, page["go back to a version of your choice"], tmp_path)
    (back,) = stage.repository.pull_requests()
    stage.repository.merge(back.number)
    assert images(stage)["web"] == "1.2.2"
    for need, branch in (
        ("stop everything meanwhile", "gitops/hold/production._.freeze"),
        ("keep one version out", "gitops/hold/production._.v1.2.3"),
    ):
        assert "merge it: until then the gate" in run(stage, page[need], tmp_path)
        assert any(one.startswith(branch) for one in stage.repository.branches())
    assert "the hold counts until then" in run(stage, page["go forward again"], tmp_path)
    lifted = stage.repository.pull_requests()[-1]
    stage.repository.merge(lifted.number)
    stage.registry.tags.add(f"{WEB}:v1.2.3")
    made = stage.bump(f"{WEB}:v1.2.3", environment=("production",))
    assert "created" in made.outputs["pull-request-operation"]
    assert pinned(f"{WEB}:v1.2.3") in stage.image_line(
        "gitops/production/web", "production/web/deployment.yaml"
    )
